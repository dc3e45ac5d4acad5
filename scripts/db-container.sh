#!/usr/bin/env bash
# Prints the id of the container on this machine in which the stack's database runs, whether Compose or a Swarm
# started it. STACK_NAME comes from the environment or .env.
set -euo pipefail
cd "$(dirname "$0")/.."
stack=${STACK_NAME:-$(sed -n 's/^STACK_NAME=//p' .env)}
db=$(
	docker ps -q --filter "label=com.docker.compose.project=$stack" \
		--filter label=com.docker.compose.service=db --filter label=com.docker.compose.oneoff=False
	docker ps -q --filter "label=com.docker.swarm.service.name=${stack}_db"
)
if [ "$(wc -w <<<"$db")" != 1 ]; then
	echo "one container with the database of stack \"$stack\" must run on this machine; found: ${db:-none}" >&2
	exit 1
fi
echo "$db"
