#!/bin/sh
# Installs what `make test-board` needs and this machine lacks, from Debian: qemu, zbar, mkfs.ext4, and the kernel's source with
# what builds it for arm64.
set -eu

. "$(dirname -- "$0")/need.sh"
PATH=$PATH:/usr/sbin:/sbin
need qemu-system-aarch64 qemu-system-arm
need zbarimg zbar-tools
need mkfs.ext4 e2fsprogs
need gcc gcc
need make make
need aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
need flex flex
need bison bison
need bc bc
need xz xz-utils
[ -e /usr/include/stdio.h ] || missing="$missing libc6-dev" # gcc only recommends it
ls /usr/src/linux-source-*.tar.xz >/dev/null 2>&1 || missing="$missing linux-source"
install_missing setup-board
