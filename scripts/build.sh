#!/usr/bin/env bash
# Builds the image DOCKER_IMAGE_BACKEND:TAG from the source. Arguments go to "docker buildx build".
#
#   TAG=v1.2.3 scripts/build.sh
#   TAG=v1.2.3 DOCKER_IMAGE_BACKEND=registry.example.com/edgevalue FRONTEND_ENV=staging scripts/build.sh
#
# FRONTEND_ENV is what the page is for: production, unless it is staging or development.
set -euo pipefail
cd "$(dirname "$0")/.."
image=${DOCKER_IMAGE_BACKEND:-edgevalue}:${TAG:?the tag to build, such as v1.2.3}
frontend_env=${FRONTEND_ENV:-production}
case $frontend_env in
production | staging | development) ;;
*)
	echo "build: FRONTEND_ENV is production, staging or development, not '$frontend_env'" >&2
	exit 1
	;;
esac
git() { command git -c safe.directory="$PWD" "$@" 2>/dev/null; }
docker buildx build \
	--file compose/Dockerfile --target release --tag "$image" \
	--build-arg VERSION="$(git describe --tags --always --dirty || echo "$TAG")" \
	--build-arg FRONTEND_ENV="$frontend_env" \
	--build-arg REVISION="$(git rev-parse HEAD)" \
	--build-arg CREATED="$(git log -1 --format=%cI)" \
	"$@" .
echo "built $image, its page for $frontend_env"
