package remote

import (
	"errors"

	"golang.org/x/sys/windows"
)

// Refused reports whether err says that the host is there, and nothing listens on the port or socket.
func Refused(err error) bool { return errors.Is(err, windows.WSAECONNREFUSED) }

// NoRoute reports whether err says that no network leads to the host.
func NoRoute(err error) bool {
	return errors.Is(err, windows.WSAENETUNREACH) || errors.Is(err, windows.WSAEHOSTUNREACH)
}
