#!/usr/bin/env bash
# Runs a command and fails when it changes a file of the project.
set -euo pipefail
cd "$(dirname "$0")/.."
state() { git ls-files -co --exclude-standard -z | xargs -0 sha256sum 2>/dev/null; }
before=$(mktemp) after=$(mktemp)
trap 'rm -f "$before" "$after"' EXIT
state >"$before"
"$@"
state >"$after"
if ! diff "$before" "$after" >/dev/null; then
	echo "$*: these files were not current:" >&2
	diff "$before" "$after" | awk '/^[<>]/{print "  " $3}' | sort -u >&2
	exit 1
fi
