#!/bin/sh
# Installs what `make image` and `make test-image` need and this machine lacks: Debian's mtools, e2fsprogs, and for the
# test QEMU. With "build" as argument it leaves QEMU out.
set -eu

PATH=$PATH:/usr/sbin
missing=
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || missing="$missing $2"
}
need mformat mtools
need mke2fs e2fsprogs
[ "${1:-}" = build ] || need qemu-system-aarch64 qemu-system-arm

if [ -n "$missing" ]; then
	root=
	[ "$(id -u)" -eq 0 ] || root=sudo
	echo "setup-image: installing$missing"
	$root apt-get update -q
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends $missing
fi
