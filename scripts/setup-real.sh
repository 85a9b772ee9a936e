#!/bin/sh
# Installs what `make test-real` needs and this machine lacks: Debian's mosquitto, zbar, Chromium and strace, and from npm
# oidc-provider, playwright-core and axe-core as locked in scripts/real.
set -eu

cd "$(dirname -- "$0")/real"

. ../need.sh
PATH=$PATH:/usr/sbin
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
need zbarimg zbar-tools
need chromium chromium
need strace strace
need setpriv util-linux
need node nodejs
need npm npm

install_missing setup-real

if ! cmp -s package-lock.json node_modules/.installed; then
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	cp package-lock.json node_modules/.installed
fi
echo "setup-real: all peers are here"
