#!/bin/sh
# Writes the list of common passwords of zxcvbn's port to Go, most common first, into internal/auth.
# Usage: scripts/update-common-passwords.sh [VERSION]
set -eu

version=${1:-v1.0.1}
out=$(cd "$(dirname "$0")/../internal/auth" && pwd)
cd "${TMPDIR:-/tmp}" # outside of this module
dir=$(go mod download -json "github.com/trustelem/zxcvbn@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')

# What is shorter costs about as much to guess letter by letter.
awk 'length($1) >= 4 && (NR <= 20000 || length($1) >= 10) { word = tolower($1); if (!seen[word]++) print word }' "$dir/data/passwords.txt" |
	gzip -9 -n >"$out/common.txt.gz"
{
	printf '%s\n\n' "common.txt.gz is from github.com/trustelem/zxcvbn $version (data/passwords.txt)."
	cat "$dir/LICENSE.txt"
} >"$out/common.LICENSE.txt"
echo "$(gunzip -c "$out/common.txt.gz" | wc -l) passwords, $(wc -c <"$out/common.txt.gz") bytes"
