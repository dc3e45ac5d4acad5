#!/bin/sh
# Opens psql in the database of DATABASE_URL, of a running "make dev" or "make run", or of the running stack.
set -eu
cd "$(dirname "$0")/.."
if [ -n "${DATABASE_URL:-}" ] || go run ./cmd/edgevalue psql -- --command 'SELECT 1' >/dev/null 2>&1; then
	exec go run ./cmd/edgevalue psql -- "$@"
fi
if [ -n "$(docker compose ps --quiet --status running db 2>/dev/null)" ]; then
	exec docker compose exec db psql "$@"
fi
echo 'No database runs here: start one with "make dev", "make run" or "make up", or set DATABASE_URL.' >&2
exit 1
