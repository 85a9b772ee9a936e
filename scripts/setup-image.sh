#!/bin/sh
# Installs what `make image` and `make test-image` need and this machine lacks: Debian's mtools, e2fsprogs, and for the
# test QEMU. With "build" as argument it leaves QEMU out.
set -eu

. "$(dirname -- "$0")/need.sh"
PATH=$PATH:/usr/sbin
need mformat mtools
need mke2fs e2fsprogs
[ "${1:-}" = build ] || need qemu-system-aarch64 qemu-system-arm
install_missing setup-image
