#!/usr/bin/env bash
# Installs Chromium, in which the page is tested, with apt where it is missing. Elsewhere CHROMIUM names the browser.
set -euo pipefail
if [ -n "${CHROMIUM:-}" ] || command -v chromium google-chrome >/dev/null; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	apt-get update -qq
	# With letters for any language, so that pictures show what people see.
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
fi
if ! command -v chromium >/dev/null; then
	echo "install-chromium: Chromium or Chrome is needed: set CHROMIUM to its path" >&2
	exit 1
fi
