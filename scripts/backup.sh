#!/usr/bin/env bash
# Backs up the stack's database, which goes on working: scripts/backup.sh [FILE]. Without FILE it is
# backups/STACK_NAME-TIME.dump. Its checksum is in FILE.sha256. "-" writes to standard output, without a checksum.
# scripts/restore.sh restores it.
set -euo pipefail
umask 077

fail() {
	echo "backup: $*" >&2
	exit 1
}

# Also where docker takes the signal for itself.
trap 'exit 130' INT
trap 'exit 143' TERM

(($# <= 1)) || fail "usage: scripts/backup.sh [FILE]"
root=$(cd "$(dirname "$0")/.." && pwd)
db=$("$root/scripts/db-container.sh")

# pg_dump and pg_restore run beside the server, so that their version is the server's.
if [ "${1:-}" = - ]; then
	[ ! -t 1 ] || fail "standard output is a terminal"
	exec docker exec "$db" pg_dump --format=custom
fi

file=${1:-}
if [ -z "$file" ]; then
	stack=$(docker inspect "$db" --format \
		'{{or (index .Config.Labels "com.docker.compose.project") (index .Config.Labels "com.docker.stack.namespace")}}')
	mkdir -p "$root/backups"
	file=$root/backups/$stack-$(date -u +%Y%m%dT%H%M%SZ).dump
fi

partial=$file.partial complete=
(set -o noclobber && : >"$partial") || fail "$partial cannot be made; where it is there, a backup makes it, or was killed and left it"
# shellcheck disable=SC2317 # the trap calls it
clean() {
	rm -f "$partial"
	[ -n "$complete" ] || rm -f "$file.sha256"
}
for present in "$file" "$file.sha256"; do
	if [ -e "$present" ]; then
		rm -f "$partial"
		fail "$present is there already"
	fi
done
trap clean EXIT

docker exec "$db" pg_dump --format=custom >"$partial" || fail "pg_dump failed"
# All of it, not only the table of contents.
docker exec -i "$db" pg_restore --file=/dev/null <"$partial" || fail "the backup cannot be read again"
sum=$(sha256sum <"$partial")
printf '%s  %s\n' "${sum%% *}" "$(basename "$file")" >"$file.sha256"
mv "$partial" "$file"
complete=yes
echo "$file"
