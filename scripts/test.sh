#!/usr/bin/env bash
# Builds the stack as it would be deployed, calls its API through the proxy, and takes it down again:
# scripts/test.sh [go test arguments], as -run TestLogin -v. With -coverprofile=FILE, FILE and FILE.html say what of
# the servers the tests reached. Needs Docker and nothing else.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

profile='' args=(-count=1)
while [ $# -gt 0 ]; do
	case $1 in
	-coverprofile=* | --coverprofile=*) profile=${1#*=} ;;
	-coverprofile | --coverprofile) profile=${2:?the name of a file is missing} && shift ;;
	*) args+=("$1") ;;
	esac
	shift
done

# What the shell exports counts more than a file of variables: nothing of another stack may get in by it.
while IFS='=' read -r name _; do
	[ "$name" = DOCKER_SOCKET ] || unset "$name"
done < <(grep -E '^[A-Z]' "$root/.env.example")
export STACK_NAME TAG DOCKER_IMAGE_BACKEND=edgevalue-test TRAEFIK_TAG='' BACKEND_REPLICAS=1 BUILD_FLAGS='' TEST_IMAGE
STACK_NAME=edgevalue-test-$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
TAG=$STACK_NAME
TEST_IMAGE=edgevalue-test-go:$(cd "$root" && cat go.mod go.sum compose/Dockerfile scripts/dev/go.* | sha256sum | cut -c1-12)
if [ -n "$profile" ]; then
	: >"$profile" # better now than after the tests
	BUILD_FLAGS='-cover -covermode=atomic -coverpkg=./cmd/...,./internal/...'
fi

tmp=$(mktemp -d)
"$root/scripts/env.sh" "$tmp/env" >/dev/null
compose() {
	docker compose --env-file "$tmp/env" -p "$STACK_NAME" -f "$root/compose/compose.yaml" -f "$root/compose/compose.test.yaml" \
		--progress "${PROGRESS:-quiet}" "$@"
}
run() { compose run --rm --no-deps -T test "$@"; }

# shellcheck disable=SC2317 # the trap calls it
end() {
	local code=$?
	trap '' INT TERM
	case $code in
	0 | 130 | 143) ;;
	*) compose logs --no-color --tail 100 >&2 || true ;;
	esac
	# "down" lets a "run" that was interrupted be.
	docker ps -aq --filter "label=com.docker.compose.project=$STACK_NAME" | xargs -r docker rm -f >/dev/null || true
	compose --profile test down --volumes --timeout 0 --remove-orphans || true
	docker image rm "$DOCKER_IMAGE_BACKEND:$TAG" >/dev/null 2>&1 || true
	rm -rf "$tmp"
	exit "$code"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The image of the tests holds the modules; the source is mounted.
docker image inspect "$TEST_IMAGE" >/dev/null 2>&1 || PROGRESS=auto compose build test
PROGRESS=auto compose build backend
run install -d -m 1777 /coverage
compose up -d --wait proxy worker mailpit pgadmin

code=0
run go test ./internal/api ./compose "${args[@]}" || code=$?

if [ -n "$profile" ]; then
	compose stop backend worker # they write their counts when they end
	run sh -c 'go tool covdata textfmt -i=/coverage -o=/tmp/c && cat /tmp/c' >"$profile"
	run sh -c 'cat >/tmp/c && go tool cover -html=/tmp/c -o /tmp/c.html && cat /tmp/c.html' <"$profile" >"$profile.html"
	run sh -c 'cat >/tmp/c && go tool cover -func=/tmp/c | tail -1' <"$profile"
fi
exit "$code"
