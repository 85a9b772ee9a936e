//go:build unix

package remote

import (
	"errors"
	"syscall"
)

// Refused reports whether err says that the host is there, and nothing listens on the port or socket.
func Refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// NoRoute reports whether err says that no network leads to the host.
func NoRoute(err error) bool {
	return errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH)
}
