// Package booted boots a Debian tree in a container, for tests that need a live systemd: the unit, the packages.
// Only tests import it.
//
// In reading order: machine.go (the container and what is done in it), unit_test.go (the unit, with the build tag
// real; `make test-unit` runs it).
package booted
