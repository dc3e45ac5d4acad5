#!/usr/bin/env bash
# Builds the image for every platform in PLATFORMS, with its SBOM and provenance, and pushes it to the registry of
# DOCKER_IMAGE_BACKEND, where "docker login" was done. Arguments go to "docker buildx build".
#
#   TAG=v1.2.3 DOCKER_IMAGE_BACKEND=registry.example.com/edgevalue scripts/build-push.sh
#   TAG=4f2a91c DOCKER_IMAGE_BACKEND=registry.example.com/edgevalue scripts/build-push.sh --tag registry.example.com/edgevalue:stag
set -euo pipefail
cd "$(dirname "$0")/.."
: "${DOCKER_IMAGE_BACKEND:?the name of the image in your registry}"
# The builder inside the engine makes images for one platform and without an SBOM only.
builder=edgevalue
if ! docker buildx inspect "$builder" >/dev/null 2>&1; then
	# It does not take DOCKER_HOST with certificates, as of docker:dind, from the environment.
	[ -z "${DOCKER_TLS_VERIFY:-}" ] || docker context create "$builder" >/dev/null
	docker buildx create --name "$builder" --driver docker-container ${DOCKER_TLS_VERIFY:+"$builder"} >/dev/null
fi
scripts/build.sh --builder "$builder" --platform "${PLATFORMS:-linux/amd64,linux/arm64}" \
	--cache-from "type=registry,ref=$DOCKER_IMAGE_BACKEND:cache" \
	--cache-to "type=registry,ref=$DOCKER_IMAGE_BACKEND:cache,mode=max,ignore-error=true" \
	--sbom=true --provenance=mode=max --push "$@"
