#!/usr/bin/env bash
# Makes a project of the newest commit with other names, and tests that it builds, runs and is complete as it is.
#
#   scripts/test-project.sh [DOMAIN]    # item, unless given: see docs/new-project.md
set -euo pipefail
cd "$(dirname "$0")/.."
export GOFLAGS="${GOFLAGS:-} -trimpath" # so that a second run finds what the first has compiled
[ -z "$(git status --porcelain)" ] || echo "$0: what is not committed is not tested" >&2
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir" && rm -rf "$dir"' EXIT
cat >"$dir/project.yaml" <<END
name: Book Club
slug: bookclub
module: books.example.org/book-club
host: books.example.org
description: A service for readers of books
licence_holder: The Book Club
licence_year: 2026
first_superuser: root@example.org
image: images.example.org/bookclub
stack: bookclub
stack_staging: bookclub-stag
stack_production: bookclub-prod
key_prefix: bc
domain: ${1:-item}
END
go run ./cmd/newproject --config "$dir/project.yaml" --output-dir "$dir/bookclub"
cd "$dir/bookclub"
scripts/check-clean.sh make generate
scripts/check-clean.sh go mod tidy
go build -o bin/bookclub ./cmd/bookclub
go vet ./client/... ./cmd/... ./internal/app ./internal/api
make client-lint
scripts/check-clean.sh make web
make web-lint
go build -o bin/pgtest ./internal/pgtest/run
bin/pgtest go test ./cmd/bookclub -run '^TestHelpAndVersion$'
bin/pgtest go test ./client/...
bin/pgtest go test ./internal/api -run '^Test(Login|Users)'
[ -z "$(git status --porcelain)" ]
