#!/bin/sh
# Fetches ReDoc from the npm registry into internal/web/assets. Usage: scripts/update-docs-assets.sh [VERSION]
# Swagger UI comes as a Go module: go get github.com/swaggest/swgui@VERSION
set -eu

version=${1:-2.5.4}
assets=$(cd "$(dirname "$0")/../internal/web/assets" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cd "$tmp"
npm pack --silent "redoc@$version" >/dev/null # checks the registry's integrity hash
tar xzf "redoc-$version.tgz"

# The logo under the menu would come from a CDN: an empty image makes ReDoc hide it.
logo=https://cdn.redoc.ly/redoc/logo-mini.svg
bundle=package/bundles/redoc.standalone.js
[ "$(grep -o "$logo" "$bundle" | wc -l)" -eq 1 ] || { echo "the logo's address in redoc $version has changed" >&2; exit 1; }
sed "s#$logo#data:,#" "$bundle" | gzip -9 -n >"$assets/redoc.standalone.js.gz"
{
	printf '%s\n\n' "redoc $version (https://github.com/Redocly/redoc)"
	cat package/LICENSE
	printf '\n%s\n\n' "Contained in its bundle:"
	cat "$bundle.LICENSE.txt"
} >"$assets/redoc.LICENSE.txt"
echo "redoc $version: $(wc -c <"$assets/redoc.standalone.js.gz") bytes"
