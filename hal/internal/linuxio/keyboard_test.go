//go:build linux

package linuxio

import (
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// pseudoTerminal returns the two ends of one.
func pseudoTerminal(t *testing.T) (master *os.File, slave string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	return master, fmt.Sprint("/dev/pts/", n)
}

func TestKeyboard(t *testing.T) {
	master, slave := pseudoTerminal(t)
	shell, err := os.OpenFile(slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shell.Close() }()
	if !IsTerminal(shell) {
		t.Error("a terminal is none")
	}
	flags := func() uint32 {
		now, err := unix.IoctlGetTermios(int(shell.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return now.Lflag
	}
	before := flags()
	k, err := openKeyboard(slave)
	if err != nil {
		t.Fatal(err)
	}
	if now := flags(); now&(unix.ICANON|unix.ECHO) != 0 || now&unix.ISIG == 0 {
		t.Errorf("flags %#x", now)
	}
	if _, err := master.WriteString("x "); err != nil {
		t.Fatal(err)
	}
	var keys [8]byte
	if n, err := k.Read(keys[:]); err != nil || keys[0] != 'x' {
		t.Errorf("read %q, %v", keys[:n], err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
	if flags() != before {
		t.Error("the terminal is not as it was")
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if IsTerminal(file) {
		t.Error("a file is a terminal")
	}
	if _, err := openKeyboard(file.Name()); err == nil {
		t.Error("a file is a keyboard")
	}
}
