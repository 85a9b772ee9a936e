//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Keyboard reads a terminal key by key, without echo; the keys of signals (Ctrl-C) keep their meaning.
type Keyboard struct {
	*os.File
	before unix.Termios
}

// IsTerminal reports whether a file is a terminal.
func IsTerminal(f *os.File) bool {
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	err = conn.Control(func(fd uintptr) { _, failed = unix.IoctlGetTermios(int(fd), unix.TCGETS) })
	return err == nil && failed == nil
}

// OpenKeyboard takes the keyboard of the controlling terminal until Close.
func OpenKeyboard() (*Keyboard, error) { return openKeyboard("/dev/tty") }

func openKeyboard(path string) (*Keyboard, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, fmt.Errorf("keyboard: %s: %w", path, err)
	}
	k := &Keyboard{}
	if err := k.cbreak(fd); err != nil {
		return nil, errors.Join(fmt.Errorf("keyboard: %s: %w", path, err), unix.Close(fd))
	}
	k.File = os.NewFile(uintptr(fd), path)
	return k, nil
}

// errBackground says that the shell has the keyboard; reading would stop the process.
var errBackground = errors.New("another job has the terminal")

// cbreak ends line editing and echo (termios(3)).
func (k *Keyboard) cbreak(fd int) error {
	if group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err == nil && group != unix.Getpgrp() {
		return errBackground
	}
	now, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err
	}
	k.before = *now
	now.Lflag &^= unix.ICANON | unix.ECHO
	now.Cc[unix.VMIN], now.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(fd, unix.TCSETS, now)
}

// Close gives the terminal back as it was.
func (k *Keyboard) Close() error {
	conn, err := k.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = unix.IoctlSetTermios(int(fd), unix.TCSETS, &k.before) })
	return errors.Join(err, failed, k.File.Close())
}
