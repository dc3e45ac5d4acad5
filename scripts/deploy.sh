#!/usr/bin/env bash
# Deploys the stack to the Swarm that docker talks to, a manager node. Variables come from the environment or .env, as
# .env.example explains them; TAG and STACK_NAME and DOMAIN are what differs between stacks.
#
#   STACK_NAME=prod DOMAIN=example.com TAG=v1.2.3 scripts/deploy.sh
#
# The steps: render docker-stack.yml, whose passwords are Docker secrets; label nodes; the database; the migrations,
# while the running version goes on serving; then everything, each service rolled back on its own when the new version
# does not become healthy. Exits 1, saying what is wrong, when a step fails or takes longer than DEPLOY_TIMEOUT seconds.
# Needs bash 4.4, jq, and the Docker command line 26 with Compose 2.24.
set -euo pipefail
cd "$(dirname "$0")/.."

# What is published as Docker secrets. A program finds the path in NAME_FILE.
secrets='["POSTGRES_PASSWORD", "SECRET_KEY", "FIRST_SUPERUSER_PASSWORD", "SMTP_PASSWORD", "SENTRY_DSN",
	"PGADMIN_DEFAULT_PASSWORD"]'
stack_file=$(mktemp) # of this deployment's own; docker-stack.yml is its copy to read
trap 'rm -f "$stack_file"' EXIT
timeout=${DEPLOY_TIMEOUT:-300}
: "${TAG:?the tag of the image to deploy}"

say() { echo "deploy: $*"; }
fail() {
	say "$*" >&2
	exit 1
}

# read_settings prints the stack that the compose files describe, as JSON.
read_settings() {
	local env_file=/dev/null lock=()
	[ ! -e .env ] || env_file=.env
	[ ! -e compose/compose.lock.yaml ] || lock=(-f compose/compose.lock.yaml)
	DEPLOYED_AT=$started docker compose --env-file "$env_file" \
		-f compose/compose.yaml -f compose/compose.swarm.yaml "${lock[@]}" config --format json
}

# publish KIND NAME < CONTENT makes a Docker secret or config, whose name tells its content, and prints that name.
publish() {
	local kind=$1 content name
	content=$(cat && echo .) # keeps newlines at the end
	content=${content%.}
	name=${stack}_$2_$(printf '%s\0%s' "$2" "$content" | sha256sum | cut -c1-12)
	docker "$kind" inspect "$name" >/dev/null 2>&1 ||
		printf '%s' "$content" | docker "$kind" create --label com.docker.stack.namespace="$stack" "$name" - >/dev/null
	echo "$name"
}

# render writes docker-stack.yml: the settings in the form that "docker stack deploy" takes.
render() {
	local published='{}' key name
	while read -r key; do
		name=$(jq -j --arg key "$key" '[.services[].environment // {} | .[$key] // empty][0] | gsub("\\$\\$"; "$")' \
			<<<"$settings" | publish secret "$key")
		published=$(jq --arg key "$key" --arg name "$name" '.secrets[$key] = $name' <<<"$published")
	done < <(jq -r --argjson secrets "$secrets" \
		'[.services[].environment // {} | to_entries[] | select((.value // "") != "") | .key] | unique[] | select(IN($secrets[]))' \
		<<<"$settings")
	while read -r key; do
		name=$(jq -j --arg key "$key" '.configs[$key] | if .content then .content | gsub("\\$\\$"; "$") else "" end' <<<"$settings" |
			if file=$(jq -er --arg key "$key" '.configs[$key].file' <<<"$settings"); then cat "$file"; else cat; fi |
			publish config "$key")
		published=$(jq --arg key "$key" --arg name "$name" '.configs[$key] = $name' <<<"$published")
	done < <(jq -r '.configs // {} | keys[]' <<<"$settings")

	jq --argjson published "$published" '
		def external: map_values({external: true, name: .});
		{version: "3.9", services, networks, volumes,
			secrets: ($published.secrets // {} | external), configs: ($published.configs // {} | external)}
		| .networks |= map_values(del(.ipam))
		| .networks |= map_values(if .external then {external, name} else . end)
		| .services |= map_values(
			# what a Swarm does not know, or knows by another name
			del(.build, .depends_on, .restart, .security_opt, .labels)
			| if .tmpfs then .volumes += [.tmpfs[] | {type: "tmpfs", target: split(":")[0]}] | del(.tmpfs) else . end
			| if .shm_size then
				.volumes += [{type: "tmpfs", target: "/dev/shm", tmpfs: {size: (.shm_size | tonumber)}}] | del(.shm_size)
			  else . end
			| .networks |= map_values(. // {})
			| .volumes |= (if . then map(del(.bind)) else . end)
			| .deploy.resources.limits.cpus |= (if . then tostring else . end)
			# secrets in place of passwords
			| [.environment // {} | to_entries[] | select((.value // "") != "" and $published.secrets[.key]) | .key] as $keys
			| .secrets = [$keys[] | {source: ., target: .}]
			| .environment = (.environment // {} | with_entries(
				select((.value // "") != "")
				| if $published.secrets[.key] then {key: (.key + "_FILE"), value: "/run/secrets/\(.key)"} else . end))
			| del(..| nulls))
	' <<<"$settings" >"$stack_file"
	(umask 077 && cp "$stack_file" docker-stack.yml)
}

# label labels this node where a service must run on a labelled node and there is none.
label() {
	local name self nodes
	self=$(docker info --format '{{.Swarm.NodeID}}')
	nodes=$(docker node ls -q | xargs docker node inspect)
	while read -r name; do
		if ! jq -e --arg name "$name" 'any(.[]; .Spec.Labels[$name] == "true")' <<<"$nodes" >/dev/null; then
			docker node update --label-add "$name=true" "$self" >/dev/null
			say "labelled this node $name=true: what is bound to it runs and keeps its data here"
		fi
	done < <(jq -r '[.services[].deploy.placement.constraints[]? | capture("^node\\.labels\\.(?<name>\\S+)\\s*==\\s*true$").name] | unique[]' "$stack_file")
}

# deploy [SERVICE...] deploys these services of docker-stack.yml, or all of them and nothing else.
deploy() {
	local file=$stack_file prune=--prune
	if (($#)); then
		prune=--prune=false
		file=$(mktemp)
		jq '.services |= with_entries(select(.key | IN($ARGS.positional[])))' --args "$@" <"$stack_file" >"$file"
	fi
	docker stack deploy --detach=true --with-registry-auth "$prune" -c "$file" "$stack"
	((!$#)) || rm "$file"
}

# tasks SERVICE prints the service's tasks as JSON, newest first.
tasks() {
	docker service ps -q --no-trunc "${stack}_$1" | { xargs -r docker inspect 2>/dev/null || true; } | jq -s 'flatten | sort_by(.CreatedAt) | reverse'
}

# state SERVICE prints "converged", "pending", or what is wrong.
state() {
	docker service inspect "${stack}_$1" | jq -r --slurpfile tasks <(tasks "$1") --arg started "$started" '.[0]
		| .Spec.TaskTemplate.ContainerSpec.Image as $image
		| (.UpdateStatus.State // "completed") as $update
		| [$tasks[0][] | select(.DesiredState == "running" and .Status.State == "running" and .Spec.ContainerSpec.Image == $image)] as $running
		| [$tasks[0][] | select(.CreatedAt >= $started and (.Status.State | IN("failed", "rejected")))] as $failed
		| if $update | IN("rollback_completed", "rollback_paused", "paused") then "\($update | gsub("_"; " ")): \(.UpdateStatus.Message)"
		  elif $update != "completed" then "pending"
		  elif ($running | length) == .Spec.Mode.Replicated.Replicas then "converged"
		  elif ($failed | length) >= 3 then "its containers fail"
		  else "pending" end'
}

# migrated prints "converged" when the migrations of this deployment ran, "pending", or what is wrong.
migrated() {
	tasks migrate | jq -r --arg deployed "DEPLOYED_AT=$started" '[.[] | select(.Spec.ContainerSpec.Env | index($deployed))][0]
		| if . == null then "pending"
		  elif .Status.State == "complete" then "converged"
		  elif .Status.State | IN("failed", "rejected") then "the migrations failed"
		  else "pending" end'
}

# explain SERVICE prints the state of its newest tasks, and what those wrote that ended badly, or else the newest.
explain() {
	local tasks task
	tasks=$(tasks "$1")
	say "service $1:"
	jq -r '.[:5][] | "  \(.CreatedAt[:19])  \(.Spec.ContainerSpec.Image)  \(.Status.State)  \(.Status.Err // "")"' <<<"$tasks"
	for task in $(jq -r --arg started "$started" '
		[.[] | select(.CreatedAt >= $started and (.Status.State | IN("failed", "rejected")))][:2] as $failed
		| (if $failed == [] then .[:1] else $failed end)[].ID' <<<"$tasks"); do
		docker service logs --raw --tail 20 "$task" 2>&1 | sed 's/^/  | /' || true
	done
} >&2

# roll_back SERVICE... takes back what this deployment changed and Swarm has not taken back itself.
roll_back() {
	local service
	for service in "$@"; do
		if docker service inspect "${stack}_$service" | jq -e '
			def program: .TaskTemplate.ContainerSpec | {Image, Env, Command, Args, Secrets, Configs, Mounts};
			.[0] | (.UpdateStatus.State // "" | startswith("rollback") | not)
			and .PreviousSpec != null and (.PreviousSpec | program) != (.Spec | program)' >/dev/null; then
			say "rolling back $service"
			docker service rollback --quiet "${stack}_$service" >/dev/null || say "$service was not rolled back" >&2
		fi
	done
}

# await CHECK SERVICE... waits until each service passes the check twice in a row.
await() {
	local check=$1 deadline=$((SECONDS + timeout)) service answer left next broken=()
	local -A passed=()
	shift
	left=("$@")
	while ((${#left[@]})); do
		next=()
		for service in "${left[@]}"; do
			answer=$("$check" "$service") || answer=pending # a hiccup of the connection
			((SECONDS < deadline)) || [ "$answer" != pending ] || answer="has not converged after ${timeout}s"
			case $answer in
			converged) ((++passed[$service] == 2)) || next+=("$service") ;;
			pending) passed[$service]=0 && next+=("$service") ;;
			*)
				broken+=("$service")
				explain "$service"
				say "$service: $answer" >&2
				;;
			esac
		done
		left=("${next[@]}")
		((${#left[@]} == 0)) || sleep 2
	done
	if ((${#broken[@]})); then
		[ "$check" = migrated ] || roll_back "$@"
		fail "$stack is not at $TAG: ${broken[*]}"
	fi
	say "converged: $*"
}

# prune removes the stack's secrets and configs that no service uses, nor did before this deployment.
prune() {
	local kind name used
	used=$(docker service ls -q --filter label=com.docker.stack.namespace="$stack" | xargs docker service inspect)
	for kind in secret config; do
		docker "$kind" ls --filter label=com.docker.stack.namespace="$stack" --format '{{.Name}}' |
			while read -r name; do
				grep -qF "\"$name\"" <<<"$used" || docker "$kind" rm "$name" >/dev/null || true
			done
	done
}

# By the manager's clock where "date" can convert it, as that of tasks is.
started=$(date -u -d "$(docker info --format '{{.SystemTime}}')" +%Y-%m-%dT%H:%M:%S 2>/dev/null || date -u +%Y-%m-%dT%H:%M:%S)
settings=$(read_settings)
weak=$(jq -r --argjson secrets "$secrets" '[.services[].environment // {} | to_entries[]
	| select(IN(.key; $secrets[]) and (.value // "" | ascii_downcase | test("^(changethis|changeme|change-me)$"))) | .key] | unique | join(", ")' <<<"$settings")
[ -z "$weak" ] || fail "a placeholder, known to everybody, is in: $weak"
stack=$(jq -r .name <<<"$settings")
render
label
say "$stack at $TAG: the database"
deploy db
await state db
say "the migrations"
deploy migrate
await migrated migrate
say "everything"
deploy
mapfile -t services < <(jq -r '.services | keys[] | select(. != "migrate")' "$stack_file")
await state "${services[@]}"
prune
say "$stack is at $TAG: https://$(jq -r .services.backend.environment.DOMAIN <<<"$settings")"
