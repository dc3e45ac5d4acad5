#!/usr/bin/env bash
# Restores a backup into a stack whose database is empty but for one user: scripts/restore.sh [--no-checksum] FILE.
# The stack may run: its database is replaced, in one transaction, when the backup is complete beside it. Whatever
# fails before that leaves it as it was.
set -euo pipefail

fail() {
	echo "restore: $*" >&2
	exit 1
}

# Also where docker takes the signal for itself.
trap 'exit 130' INT
trap 'exit 143' TERM

checksum=yes
if [ "${1:-}" = --no-checksum ]; then
	checksum='' && shift
fi
(($# == 1)) || fail "usage: scripts/restore.sh [--no-checksum] FILE"
file=$(realpath -m -- "$1")
[ -r "$file" ] || fail "$file cannot be read"
if [ -n "$checksum" ]; then
	[ -r "$file.sha256" ] || fail "$file.sha256 is missing: --no-checksum restores without it"
	[ "$(sha256sum <"$file" | cut -d' ' -f1)" = "$(cut -d' ' -f1 "$file.sha256")" ] || fail "$file is not what its checksum says"
fi

cd "$(dirname "$0")/.."
exec {lock}<scripts/restore.sh
flock --nonblock "$lock" || fail "another restore is running"
db=$(scripts/db-container.sh)
{ read -r role && read -r live; } < <(docker exec "$db" printenv PGUSER PGDATABASE)
id=$(od -An -N4 -tx1 /dev/urandom | tr -d ' \n')
next=${live}_restore_$id previous=${live}_replaced_$id

# sql DATABASE runs SQL in it as the superuser.
sql() {
	docker exec -i "$db" psql --username postgres --dbname "$1" --quiet --tuples-only --no-align \
		-v ON_ERROR_STOP=1 -v role="$role" -v live="$live" -v next="$next" -v previous="$previous"
}

# data DATABASE prints what is in it, where that is more than a new stack has.
data() {
	sql "$1" <<-'SQL'
		SELECT count(*) > 0 AS migrated FROM pg_tables WHERE schemaname = 'public' \gset
		\if :migrated
		SELECT string_agg(format('%s %s', n, what), ', ') FROM (VALUES
			-- newproject:companies
			((SELECT count(*) FROM company), 'companies', 0), ((SELECT count(*) FROM import), 'imports', 0),
			((SELECT count(*) FROM document), 'documents', 0),
			-- newproject:end
			((SELECT count(*) FROM user_account), 'users', 1)
		) AS data (n, what, new) HAVING bool_or(n > new)
		\endif
	SQL
}

# swap FROM TO FROM TO renames two databases at once. New connections wait for the first rename, and it for old ones
# to end. One that came between is ended at the next try.
swap() {
	local try
	for try in 1 2 3 4 5; do
		! sql postgres >/dev/null <<-SQL || return 0
			BEGIN;
			SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN (:'live', :'next', :'previous');
			ALTER DATABASE :"$1" RENAME TO :"$2";
			ALTER DATABASE :"$3" RENAME TO :"$4";
			COMMIT;
		SQL
		echo "restore: the databases could not be swapped, try $try of 5" >&2
	done
	return 1
}

found=$(data "$live")
[ -z "$found" ] || fail "the database is not empty: it has $found. Restore into a new stack"

sql postgres <<-'SQL' || fail "another restore is running, or was killed and still ends"
	SELECT format('DROP DATABASE %I', datname) FROM pg_database WHERE starts_with(datname, :'live' || '_restore_') \gexec
SQL
trap 'sql postgres <<<"SET client_min_messages = error; DROP DATABASE IF EXISTS :\"next\" WITH (FORCE);" || true' EXIT
sql postgres <<-'SQL'
	CREATE DATABASE :"next" OWNER :"role" TEMPLATE template0;
	REVOKE CONNECT, TEMPORARY ON DATABASE :"next" FROM PUBLIC;
SQL
docker exec -i "$db" pg_restore --dbname "$next" --no-owner --no-privileges --exit-on-error <"$file" ||
	fail "the backup cannot be restored; the database is as it was"
restored=$(
	sql "$next" <<-'SQL'
		ANALYZE;
		SELECT string_agg(format('%s %s', n, what), ', ') FROM (VALUES
			-- newproject:companies
			((SELECT count(*) FROM company), 'companies'), ((SELECT count(DISTINCT id) FROM financial_statement), 'statements'),
			-- newproject:end
			((SELECT count(*) FROM user_account), 'users')
		) AS data (n, what);
	SQL
) || fail "this is not a backup of EdgeValue; the database is as it was"

swap live previous next live || fail "the database is as it was"
found=$(data "$previous") || fail "the backup is restored; what the database was before is in database $previous"
if [ -n "$found" ]; then
	swap live next previous live || fail "what was written meanwhile, $found, is in database $previous"
	fail "the database is as it was: while the backup was restored, somebody made $found"
fi
sql postgres <<<'DROP DATABASE :"previous" WITH (FORCE);'
trap - EXIT INT TERM
echo "restore: restored $restored"

# The backup may be of an older version.
project=$(docker inspect "$db" --format '{{index .Config.Labels "com.docker.compose.project"}}')
if [ -n "$project" ]; then
	docker compose --project-name "$project" run --rm --no-deps -T migrate || fail "the migrations failed"
else
	service=$(docker inspect "$db" --format '{{index .Config.Labels "com.docker.stack.namespace"}}')_migrate
	echo "restore: if it was made by an older version, run the migrations, on a manager: docker service update --force --detach $service"
fi
