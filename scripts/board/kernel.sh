#!/bin/sh
# Prints the path of the virtual board's kernel, and builds it first where the cache has none of this configuration and
# version: from Debian's linux-source, about three minutes on two cores. scripts/setup-board.sh installs what it needs.
set -eu

cd "$(dirname -- "$0")"
source=$(ls /usr/src/linux-source-*.tar.xz | sort -V | tail -n 1)
version=$(dpkg-query -W -f '${Package} ${Version}' "$(basename "$source" .tar.xz)")
key=$({ echo "$version"; cat kernel.config kernel.sh; } | sha256sum | cut -c 1-16)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/paird
image=$cache/kernel-arm64-$key
if [ -s "$image" ]; then
	echo "$image"
	exit
fi

echo "kernel: $version is built, once, into $image" >&2
mkdir -p "$cache"
build=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$build"' EXIT
trap 'exit 1' HUP INT TERM
# Half of the archive is not read by a build for arm64.
tar -xJf "$source" -C "$build" --strip-components 1 --wildcards --exclude 'linux-source-*/drivers/gpu/drm/amd/include/*' \
	--exclude 'linux-source-*/Documentation/*.rst' --exclude 'linux-source-*/arch/[b-z]*.[chS]' --exclude 'linux-source-*/tools/testing/*'
quietly() { # COMMAND...
	"$@" >"$build/said" 2>&1 || { tail -n 50 "$build/said" >&2; exit 1; }
}
make="make -C $build ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- -j2"
quietly $make KCONFIG_ALLCONFIG="$PWD/kernel.config" tinyconfig
# An option that a newer kernel has renamed, or whose conditions are not met, would be left out silently.
grep '^CONFIG_' kernel.config | while read -r option; do
	grep -qxF "$option" "$build/.config" || { echo "kernel: $option is not taken" >&2; exit 1; }
done
quietly $make Image
mv "$build/arch/arm64/boot/Image" "$image.new"
mv "$image.new" "$image"
echo "$image"
