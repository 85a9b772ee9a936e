#!/bin/sh
# Installs the brokers that the tests of cmd/internal/brokers run against: Debian's mosquitto, its clients and
# rabbitmq-server. None of Debian's own services is started: the tests run the programs themselves.
set -eu

. "$(dirname -- "$0")/need.sh"
PATH=$PATH:/usr/sbin:/usr/lib/rabbitmq/bin
need mosquitto mosquitto
need mosquitto_sub mosquitto-clients
need rabbitmq-server rabbitmq-server
[ -n "$missing" ] || exit 0

root=
[ "$(id -u)" -eq 0 ] || root=sudo

# deb-systemd-invoke and invoke-rc.d ask this program; 101 means "not allowed". One that is there already stays.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$root rm -f "$policy"' EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
	$root chmod 755 "$policy"
fi

said=$(mktemp)
install_quietly() {
	$root apt-get update -q &&
		# shellcheck disable=SC2086
		$root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -q -y --no-install-recommends $missing
}
if ! install_quietly >"$said" 2>&1; then
	cat "$said" >&2
	rm -f "$said"
	echo "setup-brokers: cannot install$missing" >&2
	exit 1
fi
rm -f "$said"
