#!/usr/bin/env bash
# Writes compose/compose.lock.yaml, which names the content (digest) of the images that others publish and the stack
# runs, as their registries have them now. scripts/deploy.sh uses the file when it is there: commit it, and run this again
# to take newer images.
set -euo pipefail
cd "$(dirname "$0")/.."
settings=$(docker compose --env-file .env.example -f compose/compose.yaml -f compose/compose.swarm.yaml config --format json)
lock='{"services": {}}'
while read -r service image; do
	digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
	[[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || {
		echo "lock-images: the registry has no digest of $image: $digest" >&2
		exit 1
	}
	echo "$image@$digest"
	lock=$(jq --arg service "$service" --arg image "$image@$digest" '.services[$service].image = $image' <<<"$lock")
done < <(jq -r '.services.backend.image as $own | .services | to_entries[] | select(.value.image != $own) | "\(.key) \(.value.image)"' <<<"$settings")
jq . <<<"$lock" >compose/compose.lock.yaml # JSON is YAML
