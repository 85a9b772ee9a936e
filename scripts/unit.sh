#!/bin/sh
# Checks the systemd unit: no mistakes, and an exposure of 1.9 at most (systemd-analyze wants tenths: 19).
set -eu

if ! command -v systemd-analyze >/dev/null; then
	echo "unit: systemd-analyze is not installed here, the unit is not checked"
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# verify wants the program to be there
sed 's,/usr/bin/paird,/bin/true,' "$(dirname -- "$0")/paird.service" >"$dir/paird.service"
systemd-analyze verify "$dir/paird.service"
systemd-analyze security --offline=true --threshold=19 --no-pager "$dir/paird.service" >"$dir/why" || {
	grep '✗' "$dir/why"
	exit 1
}
tail -n 1 "$dir/why"
