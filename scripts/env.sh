#!/usr/bin/env bash
# Writes .env, or the file that is named, from .env.example, with a random value for every "changethis". Never
# overwrites one.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-$root/.env}
if [ -s "$target" ]; then
	echo "$target is there already"
	exit 0
fi
umask 077
user=$(id -u):$(id -g)
[ "$user" != 0:0 ] || user=65532:65532 # root's containers need not be root's
new=$(mktemp "$target.XXXXXX")
trap 'rm -f "$new"' EXIT
while IFS= read -r line; do
	case $line in
	*=changethis) line="${line%changethis}$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
	DEV_USER=*) line=DEV_USER=$user ;;
	esac
	printf '%s\n' "$line"
done <"$root/.env.example" >"$new"
ln "$new" "$target" # fails where another made one meanwhile
echo "wrote $target with fresh secrets: FIRST_SUPERUSER_PASSWORD in it logs you in"
