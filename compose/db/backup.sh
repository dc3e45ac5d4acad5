#!/usr/bin/env bash
# The backup service. It makes a backup when the newest is older than the last BACKUP_TIME (UTC), so also at the start
# and after a time of rest, and deletes its backups after BACKUP_KEEP_DAYS, but never the newest.
#
#   backup           the service
#   backup now       makes one at once
#   backup healthy   fails when no backup succeeded for 26 hours, in which this container ran
set -euo pipefail
umask 077
shopt -s nullglob
retry=300

say() { echo "backup: $*"; }

# name SECONDS prints the file of a backup of that time. Names sort by time.
name() { date -u -d "@$1" "+$BACKUP_DIR/$STACK_NAME-%Y%m%dT%H%M%SZ.dump"; }

# list sets files to the backups, oldest first.
list() { files=("$BACKUP_DIR/$STACK_NAME"-[0-9]*T[0-9]*Z.dump); }

make_one() {
	local file sum
	export PGPASSWORD=${POSTGRES_PASSWORD:-}
	[ -z "${POSTGRES_PASSWORD_FILE:-}" ] || PGPASSWORD=$(<"$POSTGRES_PASSWORD_FILE")
	file=$(name "$(date +%s)")
	(set -o noclobber && : >"$file.partial")
	# shellcheck disable=SC2064 # this file
	trap "rm -f '$file.partial'" EXIT
	pg_dump --format=custom --file="$file.partial"
	pg_restore --file=/dev/null "$file.partial" # all of it can be read again
	sum=$(sha256sum <"$file.partial")
	printf '%s  %s\n' "${sum%% *}" "${file##*/}" >"$file.sha256"
	sync "$file.partial" "$file.sha256"
	mv "$file.partial" "$file"
	touch /tmp/succeeded
	say "made $file, $(stat -c %s "$file") bytes"
}

is_due() {
	local now at
	now=$(date +%s)
	at=$(date -u -d "$(date -u +%F) $BACKUP_TIME" +%s)
	((at <= now)) || at=$((at - 86400))
	list
	((${#files[@]} == 0)) || [[ ${files[-1]} < $(name "$at") ]]
}

delete_old() {
	local oldest file
	oldest=$(name "$(($(date +%s) - BACKUP_KEEP_DAYS * 86400))")
	list
	for file in "${files[@]:0:${#files[@]}-1}"; do
		[[ $file < $oldest ]] || break
		rm -f "$file" "$file.sha256"
		say "deleted $file, older than $BACKUP_KEEP_DAYS days"
	done
}

# pause SECONDS, which a signal ends.
pause() {
	sleep "$1" &
	wait $!
}

serve() {
	[[ $BACKUP_TIME =~ ^([01][0-9]|2[0-3]):[0-5][0-9]$ ]] || { say "BACKUP_TIME is not a time, as 03:00: $BACKUP_TIME" >&2 && exit 2; }
	[[ $BACKUP_KEEP_DAYS =~ ^[1-9][0-9]{0,4}$ ]] || { say "BACKUP_KEEP_DAYS is not a number of days: $BACKUP_KEEP_DAYS" >&2 && exit 2; }
	trap 'exit 0' TERM INT
	touch /tmp/succeeded # so far
	rm -f "$BACKUP_DIR"/*.partial
	say "every day at $BACKUP_TIME UTC, kept for $BACKUP_KEEP_DAYS days in $BACKUP_DIR"
	while :; do
		if is_due; then
			"$BASH" "$0" now &
			wait $! || { say "failed; again in $retry seconds" >&2 && pause "$retry" && continue; }
			delete_old
		fi
		pause 20
	done
}

case ${1:-} in
'') serve ;;
now) make_one ;;
healthy) [ -n "$(find /tmp/succeeded -mmin -$((26 * 60)))" ] ;;
*) say "unknown: $1" >&2 && exit 2 ;;
esac
