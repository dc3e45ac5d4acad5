#!/usr/bin/env bash
# Checks the pipelines and the shell scripts. Needs Go, npm and shellcheck.
set -euo pipefail
cd "$(dirname "$0")/.."
gitlab_ci_local=gitlab-ci-local@4.63.0

missing=()
for program in go npm shellcheck; do
	command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
	echo "lint-ci: not installed: ${missing[*]}" >&2
	exit 1
fi

mapfile -t scripts < <(git ls-files '*.sh' .ci/run)
shellcheck "${scripts[@]}"
echo "shellcheck: ${#scripts[@]} scripts"

go tool -modfile=scripts/lint-ci/go.mod actionlint
echo "actionlint: .github/workflows"

# Parses the file as GitLab does: its schema, "extends", "needs" and "rules".
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for branch in feature main production; do
	rm -rf "$tmp/project"
	mkdir -p "$tmp/project"
	cp -r .gitlab-ci.yml "$tmp/project"
	(
		cd "$tmp/project"
		git init -q -b "$branch" .
		git remote add origin https://gitlab.example.com/edgevalue/edgevalue.git
		git symbolic-ref refs/remotes/origin/HEAD refs/remotes/origin/main
		git -c user.name=ci -c user.email=ci@example.com commit -q --allow-empty -m pipeline
		npx --yes --quiet "$gitlab_ci_local" --list
	) >"$tmp/jobs" 2>"$tmp/errors" || {
		cat "$tmp/jobs" "$tmp/errors" >&2
		exit 1
	}
	echo "gitlab-ci-local, branch $branch: $(awk 'NR > 1 {print $1}' "$tmp/jobs" | paste -sd' ')"
done
