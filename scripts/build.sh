#!/usr/bin/env bash
# Builds the image DOCKER_IMAGE_BACKEND:TAG from the source. Arguments go to "docker buildx build".
#
#   TAG=v1.2.3 scripts/build.sh
#   TAG=v1.2.3 DOCKER_IMAGE_BACKEND=registry.example.com/edgevalue scripts/build.sh
set -euo pipefail
cd "$(dirname "$0")/.."
image=${DOCKER_IMAGE_BACKEND:-edgevalue}:${TAG:?the tag to build, such as v1.2.3}
git() { command git -c safe.directory="$PWD" "$@" 2>/dev/null; }
docker buildx build \
	--file compose/Dockerfile --target release --tag "$image" \
	--build-arg VERSION="$(git describe --tags --always --dirty || echo "$TAG")" \
	--build-arg REVISION="$(git rev-parse HEAD)" \
	--build-arg CREATED="$(git log -1 --format=%cI)" \
	"$@" .
echo "built $image"
