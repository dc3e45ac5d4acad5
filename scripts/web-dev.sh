#!/bin/sh
# Runs Vite, which serves the page from its source with hot reload, against the server at SERVER_URL (http://localhost:8080).
# Installs the packages of the lock files where they are not. Arguments go to Vite.
set -eu
cd "$(dirname "$0")/.."
for dir in client/ts web; do
	[ "$dir/node_modules/.package-lock.json" -nt "$dir/package-lock.json" ] || {
		npm ci --prefix "$dir" --ignore-scripts --no-audit --no-fund --loglevel error
		touch "$dir/node_modules/.package-lock.json"
	}
done
exec node web/node_modules/vite/bin/vite.js web "$@"
