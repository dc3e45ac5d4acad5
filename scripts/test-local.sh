#!/usr/bin/env bash
# Calls the API of the development stack with the tests of the source as it is now, bringing the stack up where it is
# not: scripts/test-local.sh [go test arguments]. The tests leave what they make, such as users, behind in its database.
set -euo pipefail
cd "$(dirname "$0")/.."
make --no-print-directory up
value() { sed -n "s/^$1=//p" .env; }
EDGEVALUE_TEST_SUPERUSER=$(value FIRST_SUPERUSER) EDGEVALUE_TEST_PASSWORD=$(value FIRST_SUPERUSER_PASSWORD) \
	exec docker compose exec -T -e EDGEVALUE_TEST_SUPERUSER -e EDGEVALUE_TEST_PASSWORD -e EDGEVALUE_TEST_URL=http://proxy \
	-e EDGEVALUE_TEST_MAIL_URL=http://mailpit:8025 backend go test -count=1 ./internal/api "$@"
