#!/bin/sh
# Puts paird on this machine, or below DESTDIR, and takes it away again. Twice does no harm; an edited
# paird.toml and the state are kept by both.
#
#   install.sh install BINARY | install.sh uninstall
#
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

install_all() {
	put 0755 "$1" "$bin"
	put 0644 "$here/paird.sysusers" "$users"
	put 0644 "$here/paird.service" "$unit"
	sed -i "s,/usr/bin/paird,$bin," "$root$unit"
	put 0644 "$here/../config/paird.example.toml" /etc/paird/paird.example.toml
	put 0644 "$here/../LICENSE" "$doc/LICENSE"
	put 0644 "$here/THIRD_PARTY_NOTICES.txt" "$doc/THIRD_PARTY_NOTICES.txt"
	put 0644 "$here/paird.service.d/sim.conf.example" "$doc/sim.conf.example"
	if [ ! -e "$root$conf" ]; then
		# It holds no secret: every user's paird finds the socket by it.
		put 0644 "$here/../config/paird.example.toml" "$conf"
		fresh=yes
	fi
	if live; then
		systemd-sysusers "$users"
		systemctl daemon-reload
		systemctl try-restart paird.service
	fi
	echo "installed $root$bin"
	if [ "${fresh:-no}" = yes ]; then
		echo "next: edit $root$conf, then: systemctl enable --now paird"
	fi
}

uninstall_all() {
	if live && [ -e "$unit" ]; then
		systemctl disable --now paird.service
	fi
	rm -f "$root$bin" "$root$unit" "$root$users" "$root/etc/paird/paird.example.toml"
	rm -rf "$root$doc"
	if live; then
		systemctl daemon-reload
	fi
	echo "removed $root$bin; kept $root$conf and $root/var/lib/paird"
}

case ${1:-} in
install) install_all "${2:?which binary?}" ;;
uninstall) uninstall_all ;;
*)
	echo "usage: install.sh install BINARY | uninstall" >&2
	exit 2
	;;
esac
