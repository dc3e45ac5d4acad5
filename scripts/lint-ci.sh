#!/usr/bin/env bash
# Checks the pipelines, the shell scripts and, where there is Docker, the compose files. Needs Go, npm and shellcheck; the
# last two are installed with apt where they are missing and root runs this.
set -euo pipefail
cd "$(dirname "$0")/.."
gitlab_ci_local=gitlab-ci-local@4.63.0

find_missing() {
	local program
	missing=()
	for program in "$@"; do
		command -v "$program" >/dev/null || missing+=("$program")
	done
}
find_missing npm shellcheck
if ((${#missing[@]})) && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
find_missing go git npm shellcheck
if ((${#missing[@]})); then
	echo "lint-ci: not installed: ${missing[*]}" >&2
	exit 1
fi

mapfile -t scripts < <(git ls-files -co --exclude-standard '*.sh' .ci/run)
shellcheck "${scripts[@]}"
echo "shellcheck: ${#scripts[@]} scripts"

go tool -modfile=scripts/lint-ci/go.mod actionlint
echo "actionlint: .github/workflows"

if docker compose version >/dev/null 2>&1; then
	for file in override idle test swarm; do
		TEST_IMAGE=edgevalue-test docker compose --env-file .env.example -f compose/compose.yaml -f "compose/compose.$file.yaml" config --quiet
	done
	echo "docker compose: compose.yaml with each of the others"
else
	echo "docker compose: not installed, compose files not checked"
fi

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
