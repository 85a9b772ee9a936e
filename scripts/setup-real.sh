#!/bin/sh
# Installs what `make test-real` needs and this machine lacks: Debian's mosquitto, zbar, Chromium and strace, and from npm
# oidc-provider, playwright-core and axe-core as locked in scripts/real.
set -eu

cd "$(dirname -- "$0")/real"

missing=
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || missing="$missing $2"
}
PATH=$PATH:/usr/sbin
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
need zbarimg zbar-tools
need chromium chromium
need strace strace
need setpriv util-linux
need node nodejs
need npm npm

if [ -n "$missing" ]; then
	root=
	[ "$(id -u)" -eq 0 ] || root=sudo
	echo "setup-real: installing$missing"
	$root apt-get update -q
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends $missing
fi

if ! cmp -s package-lock.json node_modules/.installed; then
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cp package-lock.json node_modules/.installed
fi
echo "setup-real: all peers are here"
