// Package booted boots a Debian tree in a container, for tests that need a live systemd: the unit, the packages.
// Only tests import it.
//
// In reading order: machine.go (the container and what is done in it) and, with the build tag real, for `make test-unit`:
// unit_test.go, boot_test.go (settings on the boot partition), newcomer_test.go (the README's commands), package_test.go,
// former_test.go (an update from before there were packages), card_test.go (a card that scripts/card.sh prepared).
package booted
