#!/bin/sh
# Runs on the board at its first start, as root: installs the package that lies beside it, turns on the buses of
# panels, and starts paird, which takes paird.toml over from here. It can be run again.
set -eu

boot=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
for package in "$boot"/paird_*.deb; do
	dpkg -i "$package"
done
if command -v raspi-config >/dev/null; then
	raspi-config nonint do_i2c 0
	raspi-config nonint do_spi 0
fi
systemctl enable paird.service
systemctl --no-block restart paird.service
