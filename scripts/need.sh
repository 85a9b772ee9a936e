# For scripts that need Debian's packages: `. need.sh`, need each program, then install_missing.
missing=

# need notes the package of a program that this machine lacks.
need() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null || missing="$missing $2"
}

# install_missing installs what was noted.
install_missing() { # FOR
	[ -n "$missing" ] || return 0
	root=
	[ "$(id -u)" -eq 0 ] || root=sudo
	echo "$1: installing$missing"
	$root apt-get update -q
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive $root apt-get install -q -y --no-install-recommends $missing
}
