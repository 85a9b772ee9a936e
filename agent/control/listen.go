package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Listen opens the socket at path. Every user may connect: each call is checked by who the peer is. A
// socket that a dead daemon left is replaced; with a live one the error is ErrInUse.
func Listen(path string) (net.Listener, error) {
	if err := clear(path); err != nil {
		return nil, fmt.Errorf("control socket %s: %w", path, err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), l.Close())
	}
	return &listener{UnixListener: l, slots: slots{open: map[uint32]int{}}}, nil
}

// orphaned is how long a socket may stay open without an answer: a daemon that was killed between fork and exec
// of a child leaves the child holding it for a moment.
const orphaned = 2 * time.Second

// clear removes a socket that no daemon serves.
func clear(path string) error {
	for until := time.Now().Add(orphaned); ; {
		answered, err := tryClear(path)
		if !errors.Is(err, ErrInUse) || answered || time.Now().After(until) {
			return err
		}
	}
}

// tryClear is ErrInUse for a socket that a process holds; answered says that a daemon is behind it.
func tryClear(path string) (answered bool, err error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return false, errors.New("there is something else than a socket, remove it or set control.socket")
	}
	conn, err := net.DialTimeout("unix", path, orphaned)
	if errors.Is(err, unix.ECONNREFUSED) {
		return false, os.Remove(path)
	}
	if err != nil {
		return false, err
	}
	defer conn.Close()
	return answers(conn), ErrInUse
}

// answers reports whether a daemon speaks, within a quarter of a second.
func answers(conn net.Conn) bool {
	if conn.SetDeadline(time.Now().Add(250*time.Millisecond)) != nil {
		return false
	}
	if _, err := conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		return false
	}
	n, _ := conn.Read(make([]byte, 1))
	return n > 0
}
