#!/bin/sh
# Prepares the card of a stock Raspberry Pi OS: at its first start the board installs paird and takes paird.toml over.
#
#   card.sh BOOT PACKAGE.deb [PAIRD.TOML]
#
# BOOT is where the card's boot partition is mounted, such as /media/me/bootfs, after Raspberry Pi Imager has written
# it. User, Wi-Fi and SSH are set there, in the Imager; this script adds to its files: to user-data (cloud-init, since
# Raspberry Pi OS 13) or to firstrun.sh (before). A package's architecture is that of the system: arm64 or armhf.
set -eu

say() { echo "card.sh: $*"; }
fail() {
	say "$*" >&2
	exit 1
}

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
[ $# -eq 2 ] || [ $# -eq 3 ] || fail "usage: card.sh BOOT PACKAGE.deb [PAIRD.TOML]"
boot=$1 package=$2 settings=${3:-$here/card/paird.toml}
if [ ! -f "$boot/cmdline.txt" ] || [ ! -f "$boot/config.txt" ]; then
	fail "$boot is no boot partition of Raspberry Pi OS: there is no cmdline.txt and config.txt"
fi
case $package in
*/paird_*.deb | paird_*.deb) [ -f "$package" ] || fail "there is no $package" ;;
*) fail "$package is no package of paird" ;;
esac

rm -f "$boot"/paird_*.deb
cp "$package" "$here/card/paird-setup.sh" "$boot/"
if [ ! -e "$boot/paird.toml" ] || [ $# -eq 3 ]; then
	cp "$settings" "$boot/paird.toml"
fi

# The boot partition is /boot/firmware since Raspberry Pi OS 12; FAT has no mode, so a shell is named.
run='sh /boot/firmware/paird-setup.sh'
if [ -f "$boot/user-data" ]; then
	if ! grep -qF "$run" "$boot/user-data"; then
		if grep -q '^runcmd:' "$boot/user-data"; then
			# As deep as the entries that are there: YAML takes one depth only.
			awk -v run="$run" '{ print } /^runcmd:/ { at = NR }
				at && NR == at { getline next_; match(next_, /^ */); printf "%*s- %s\n%s\n", RLENGTH, "", run, next_; at = 0 }' \
				"$boot/user-data" >"$boot/user-data.new"
			mv "$boot/user-data.new" "$boot/user-data"
		else
			[ -s "$boot/user-data" ] || echo '#cloud-config' >"$boot/user-data"
			printf '\nruncmd:\n- %s\n' "$run" >>"$boot/user-data"
		fi
	fi
	say "the board runs paird-setup.sh by user-data"
elif [ -f "$boot/firstrun.sh" ]; then
	if ! grep -qF "$run" "$boot/firstrun.sh"; then
		# After its first line: the Imager's last lines remove the script and end it.
		{
			sed -n 1p "$boot/firstrun.sh"
			echo "$run || true"
			sed 1d "$boot/firstrun.sh"
		} >"$boot/firstrun.new"
		mv "$boot/firstrun.new" "$boot/firstrun.sh"
	fi
	say "the board runs paird-setup.sh by firstrun.sh"
else
	fail "$boot has neither user-data nor firstrun.sh: set user and network in Raspberry Pi Imager first"
fi
say "edit $boot/paird.toml if you have not yet, put the card in, and turn the board on"
