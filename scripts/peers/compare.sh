#!/bin/sh
# Runs paird beside what a maker would use in its place, at the same server and broker, and prints what each costs. A minute
# is measured with PEERS=1m, else ten seconds, as a minute's share. Installs the peers on Debian.
set -eu

cd "$(dirname -- "$0")/../.."
. scripts/need.sh
module() { # MODULE PACKAGE
	/usr/bin/python3 -c "import $1" 2>/dev/null || missing="$missing $2"
}
need oidc-agent oidc-agent-cli
need curl curl
need jq jq
need qrencode qrencode
need mosquitto_pub mosquitto-clients
module luma.oled python3-luma.oled
module qrcode python3-qrcode
module requests python3-requests
module paho.mqtt python3-paho-mqtt
install_missing peers
go test -vet=off -tags real -count 1 -v -timeout 300s -run 'TestPeers$' ./cmd/pairlab/internal/budget
