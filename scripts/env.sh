#!/usr/bin/env bash
# Writes .env from .env.example, with a random value for every "changethis". Never overwrites one.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -e .env ]; then
	echo ".env is there already"
	exit 0
fi
umask 077
user=$(id -u):$(id -g)
[ "$user" != 0:0 ] || user=65532:65532 # root's containers need not be root's
new=$(mktemp .env.XXXXXX)
trap 'rm -f "$new"' EXIT
while IFS= read -r line; do
	case $line in
	*=changethis) line="${line%changethis}$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
	DEV_USER=*) line=DEV_USER=$user ;;
	esac
	printf '%s\n' "$line"
done <.env.example >"$new"
ln "$new" .env # fails where another made one meanwhile
echo "wrote .env with fresh secrets: FIRST_SUPERUSER_PASSWORD in it logs you in"
