#!/bin/sh
# Makes the release of this source again in a folder of another name, and compares every byte by SHA256SUMS.
#
#   reproduce.sh VERSION BUILT
set -eu

cd "$(dirname -- "$0")/.."
there=$(mktemp -d)/another-place
trap 'rm -rf "$(dirname "$there")"' EXIT
mkdir "$there"
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$there"
make -s -C "$there" release VERSION="$1" BUILT="$2" >/dev/null
cmp build/release/SHA256SUMS "$there/build/release/SHA256SUMS"
echo "reproduced: $(wc -l <build/release/SHA256SUMS) files, byte for byte"
