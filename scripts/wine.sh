#!/bin/sh
# Runs a program for Windows in build/wine, the tree that setup-windows.sh makes. The folder for temporary files is the
# same inside and outside; the program lies below it.
#
#   wine.sh PROGRAM.exe ARGUMENT...
set -eu

tree=$(cd "$(dirname -- "$0")/.." && pwd)/build/wine
temporary=${TMPDIR:-/tmp}
mkdir -p "$tree/$temporary"
export WINEDEBUG=-all WINESERVER=/usr/lib/wine/wineserver64 WINEPREFIX=/root/.wine DISPLAY= HOME=/root
# Wine 10 of Debian aborts where TMPDIR is set.
exec env -u TMPDIR unshare --mount sh -c '
	for d in /dev /proc "$1"; do mount --rbind "$d" "$0$d"; done
	shift
	exec chroot "$0" /usr/lib/wine/wine64 "$@"' "$tree" "$temporary" "$@"
