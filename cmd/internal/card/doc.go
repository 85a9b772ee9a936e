// Package card tests what is written to an SD card: the image of scripts/image, booted in QEMU, and the boot partition of
// Raspberry Pi OS that scripts/card.sh prepares. `make test-image` runs it.
package card
