package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/paird/paird/agent/control"
)

// terminalPair is a pseudo-terminal: what is written to tty can be read from the other end.
func terminalPair(t *testing.T) (other, tty *os.File) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	if err := unix.IoctlSetPointerInt(int(other.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(other.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return other, tty
}

// TestShowCode draws a QR code on a terminal, and none elsewhere.
func TestShowCode(t *testing.T) {
	code := control.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", ExpiresIn: 600}
	var file strings.Builder
	(&program{stdout: &file}).showCode(code)
	if got := file.String(); strings.ContainsAny(got, "█▀▄\x1b") || !strings.Contains(got, "\n    WDJB-MJHT\n") {
		t.Errorf("elsewhere: %q", got)
	}
	other, tty := terminalPair(t)
	read := make(chan string)
	go func() {
		var all []byte
		for b := make([]byte, 4096); !strings.Contains(string(all), "Ctrl-C"); {
			n, err := other.Read(b)
			all = append(all, b[:n]...)
			if err != nil && err != io.EOF {
				break
			}
		}
		read <- string(all)
	}()
	(&program{stdout: tty}).showCode(code)
	if got := <-read; !strings.ContainsAny(got, "▀▄") || !strings.Contains(got, "WDJB-MJHT") {
		t.Errorf("on a terminal: %q", got)
	}
}
