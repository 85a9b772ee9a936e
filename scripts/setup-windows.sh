#!/bin/sh
# Makes build/wine, a Debian tree that holds Wine and what it needs and nothing else, for `make test-windows`. It is a tree
# because Wine must be version 10: Debian 12 has version 8, which has not all that a Go program of today calls. It takes
# root and Debian's archive.
set -eu

cd "$(dirname -- "$0")/.."
suite=trixie

[ "$(id -u)" -eq 0 ] || {
	echo "setup-windows: this takes root" >&2
	exit 1
}
. scripts/need.sh
need mmdebstrap mmdebstrap
install_missing setup-windows

if [ "$(cat build/wine/etc/paird-tree 2>/dev/null)" != "$suite" ]; then
	rm -rf --one-file-system build/wine
	mkdir -p build
	unshare --mount mmdebstrap --quiet --variant=extract --include=wine64 "$suite" build/wine
	cd build/wine
	# What the packages' scripts would do: /bin is /usr/bin, the user has a name, and drive C has the library of another package.
	for d in bin sbin lib lib64; do ln -s "usr/$d" "$d"; done
	mkdir -p proc root/.wine/drive_c/windows/system32
	echo root:x:0:0::/root:/bin/sh >etc/passwd
	cp usr/x86_64-w64-mingw32/lib/zlib1.dll root/.wine/drive_c/windows/system32
	../../scripts/wine.sh wineboot --init
	# Without this each program starts a desktop first, which there is not.
	../../scripts/wine.sh reg add 'HKCU\Software\Wine\Drivers' /v Graphics /d null /f
	echo "$suite" >etc/paird-tree
fi
echo "setup-windows: the tree is in build/wine"
