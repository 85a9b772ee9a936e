#!/bin/sh
# Makes build/booted, a minimal Debian tree with systemd, for tests that boot one in a container (cmd/internal/booted),
# and installs what that takes. The tree is kept: the tests write above it, never into it. It ends with 4 where no tree
# can be had or booted here: without root, without Debian's archive, or where the kernel does not allow a container.
# With CI=true in the environment that is an error.
set -eu

no() { # REASON
	echo "setup-booted: NOT RUN are the tests in a booted tree: $1" >&2
	[ "${CI:-}" != true ] || exit 1
	exit 4
}

cd "$(dirname -- "$0")/.."
suite=trixie
packages=systemd,systemd-sysv,dbus,libnss-systemd,ca-certificates,procps,iproute2,sudo

[ "$(id -u)" -eq 0 ] || no "this is not root"
. scripts/need.sh
need systemd-nspawn systemd-container
need mmdebstrap mmdebstrap
install_missing setup-booted

made=build/booted/etc/paird-tree
if [ "$(cat $made 2>/dev/null)" != "$suite $packages" ]; then
	rm -rf --one-file-system build/booted
	mkdir -p build
	# In a mount namespace of its own: what mmdebstrap mounts of this machine is gone with it, however it ends. The
	# tree can be made again, so dpkg need not sync each file.
	unshare --mount mmdebstrap --quiet --variant=minbase --dpkgopt=force-unsafe-io --include="$packages" "$suite" build/booted ||
		no "mmdebstrap cannot make the tree"
	echo "$suite $packages" >$made
fi
systemd-nspawn --quiet --directory=build/booted --volatile=overlay --register=no --keep-unit true </dev/null ||
	no "systemd-nspawn cannot run a container"
echo "setup-booted: the tree is in build/booted"
