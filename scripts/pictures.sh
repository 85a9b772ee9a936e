#!/bin/sh
# Makes scripts/pictures/demo.png: build/pairlab demo, played by Chromium to the moment after a pairing.
set -eu

cd "$(dirname -- "$0")/.."
scripts/setup-real.sh

tmp=$(mktemp -d)
build/pairlab demo >"$tmp/out" &
lab=$!
trap 'kill "$lab" 2>/dev/null || :; wait "$lab" || :; rm -rf "$tmp"' EXIT

for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
	url=$(sed -n 's/.* Open \(http[^ ]*\).*/\1/p' "$tmp/out")
	[ -z "$url" ] || break
	kill -0 "$lab"
	sleep 1
done
node scripts/real/demo.mjs picture "$url" "$tmp"
cp "$tmp/demo.png" scripts/pictures/
