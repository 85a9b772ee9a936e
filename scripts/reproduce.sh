#!/bin/sh
# Makes the release of this source again and compares every byte by SHA256SUMS: in a folder of another name, later, with
# empty caches, in another time zone, with another umask, and if this is root as another user.
#
#   reproduce.sh VERSION BUILT
set -eu

cd "$(dirname -- "$0")/.."
there=$(mktemp -d)
trap 'rm -rf "$there"' EXIT
# The modules come from this user's cache, which another cannot read; go.sum says that they are the same.
cache=$(go env GOMODCACHE)
GOMODCACHE=$there/modules GOFLAGS=-modcacherw GOPROXY="file://$cache/cache/download,$(go env GOPROXY)" go mod download
(
	umask 077
	mkdir "$there/another-place" "$there/home"
	git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$there/another-place"
)
as=
if [ "$(id -u)" -eq 0 ]; then
	as='setpriv --reuid=65534 --regid=65534 --clear-groups --'
	chown -R 65534:65534 "$there"
fi
# shellcheck disable=SC2086
$as env -i PATH="$PATH" HOME="$there/home" GOMODCACHE="$there/modules" GOPROXY=off GOTOOLCHAIN=local TZ=Asia/Tokyo sh -c \
	'umask 077; exec make -s -C "$0" release VERSION="$1" BUILT="$2"' "$there/another-place" "$1" "$2" >/dev/null
cmp build/release/SHA256SUMS "$there/another-place/build/release/SHA256SUMS"
echo "reproduced: $(wc -l <build/release/SHA256SUMS) files, byte for byte"
