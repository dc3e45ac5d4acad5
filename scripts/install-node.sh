#!/usr/bin/env bash
# Installs Node.js and npm, with which the contract is linted and the TypeScript client is made, with apt where they are missing or too old.
set -euo pipefail
enough() {
	command -v npm >/dev/null && node --eval \
		'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || major == 20 && minor >= 19 ? 0 : 1)' 2>/dev/null
}
if enough; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
	enough || npm install --global --silent node@24.21.0 # Debian 12 has 18
	hash -r
fi
if ! enough; then
	echo "install-node: Node.js 20.19 or newer, with npm, is needed" >&2
	exit 1
fi
