#!/usr/bin/env bash
# Runs once, when the volume is new. The database belongs to a role that can do nothing outside of it, and the superuser
# postgres can only log in on the socket inside the container.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv role APP_USER
\getenv password POSTGRES_PASSWORD
CREATE ROLE :"role" LOGIN PASSWORD :'password';
ALTER DATABASE :"DBNAME" OWNER TO :"role";
REVOKE CONNECT, TEMPORARY ON DATABASE :"DBNAME" FROM PUBLIC;
ALTER ROLE :"USER" PASSWORD NULL;
SQL
