#!/bin/sh
# Builds the reloader, at DEVLOOP, and becomes it: see internal/devloop.
set -eu
cd "$(dirname "$0")/.."
program=${DEVLOOP:-bin/devloop}
go build -buildvcs=false -o "$program" ./internal/devloop
exec "$program" "$@"
