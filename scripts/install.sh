#!/bin/sh
# Puts paird on this machine, or below DESTDIR, and takes it away again. Twice does no harm; an edited
# paird.toml and the state are kept by both.
#
#   install.sh install [BINARY] | install.sh uninstall
#
# Without a BINARY it takes that of a release's tar.gz, or what `make build` or `make cross` made for this machine.
# DESTDIR= and PREFIX=/usr are read from the environment.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
root=${DESTDIR:-}
prefix=${PREFIX:-/usr}
bin=$prefix/bin/paird
unit=/lib/systemd/system/paird.service
users=/usr/lib/sysusers.d/paird.conf
conf=/etc/paird/paird.toml
doc=$prefix/share/doc/paird

# live reports whether this is the running system, not a tree for a package or an image.
live() { [ -z "$root" ] && [ -d /run/systemd/system ]; }

put() { # MODE FROM TO
	install -D -m "$1" "$2" "$root$3"
}

# binary is the program for this machine.
binary() {
	case $(uname -m) in
	armv6l) boards=armv6 ;;
	armv7l | armv8l) boards='armv7 armv6' ;;
	aarch64) boards=arm64 ;;
	x86_64) boards=amd64 ;;
	*) boards=$(uname -m) ;;
	esac
	for file in "$here/../paird" "$here/../build/paird" $(for b in $boards; do echo "$here/../build/paird-$b"; done); do
		if [ -f "$file" ]; then
			echo "$file"
			return
		fi
	done
	echo "install.sh: there is no program: take a release, or copy build/paird-${boards%% *} of \`make cross\` here" >&2
	return 1
}

install_all() {
	put 0755 "$1" "$bin"
	put 0644 "$here/paird.sysusers" "$users"
	put 0644 "$here/paird.service" "$unit"
	sed -i "s,/usr/bin/paird,$bin," "$root$unit"
	put 0644 "$here/../config/paird.example.toml" /etc/paird/paird.example.toml
	put 0644 "$here/../LICENSE" "$doc/LICENSE"
	put 0644 "$here/THIRD_PARTY_NOTICES.txt" "$doc/THIRD_PARTY_NOTICES.txt"
	for dropin in "$here"/paird.service.d/*; do
		put 0644 "$dropin" "$doc/$(basename "$dropin")"
	done
	for recipe in "$here"/../config/recipes/*.toml; do
		put 0644 "$recipe" "$prefix/share/paird/recipes/$(basename "$recipe")"
	done
	if [ ! -e "$root$conf" ]; then
		# It holds no secret: every user's paird finds the socket by it.
		put 0644 "$here/paird.toml" "$conf"
		fresh=yes
	fi
	if live; then
		systemd-sysusers "$users"
		systemctl daemon-reload
		systemctl try-restart paird.service
	fi
	echo "installed $root$bin"
	if [ "${fresh:-no}" = yes ]; then
		echo "next: paird init (or edit $root$conf), then: systemctl enable --now paird"
	fi
}

uninstall_all() {
	if live && [ -e "$unit" ]; then
		systemctl disable --now paird.service
	fi
	rm -f "$root$bin" "$root$unit" "$root$users" "$root/etc/paird/paird.example.toml"
	rm -rf "$root$doc" "$root$prefix/share/paird"
	if live; then
		systemctl daemon-reload
	fi
	echo "removed $root$bin; kept $root$conf and $root/var/lib/paird"
}

case ${1:-} in
install)
	from=${2:-$(binary)}
	install_all "$from"
	;;
uninstall) uninstall_all ;;
*)
	echo "usage: install.sh install [BINARY] | uninstall" >&2
	exit 2
	;;
esac
