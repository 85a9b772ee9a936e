package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

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

// shown is what showCode writes to a terminal of so many columns.
func shown(t *testing.T, code control.Pairing, columns uint16) string {
	t.Helper()
	other, tty := terminalPair(t)
	if err := unix.IoctlSetWinsize(int(tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: columns}); err != nil {
		t.Fatal(err)
	}
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
	return <-read
}

// TestShowCode draws a QR code on a terminal that is wide enough and has colours, and none elsewhere. The address with
// the code in it stands as text in any case.
func TestShowCode(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	code := control.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", ExpiresIn: 600,
		VerificationURIComplete: "https://example.com/device?user_code=WDJB-MJHT"}
	var file strings.Builder
	(&program{stdout: &file}).showCode(code)
	if got := file.String(); strings.ContainsAny(got, "█▀▄\x1b") || !strings.Contains(got, "\n    WDJB-MJHT\n") || !strings.Contains(got, "or open "+code.VerificationURIComplete) {
		t.Errorf("elsewhere: %q", got)
	}
	plain := code
	plain.VerificationURIComplete = ""
	for name, c := range map[string]struct {
		code    control.Pairing
		columns uint16
		env     [2]string
		qr      bool
	}{
		"a terminal":         {code, 80, [2]string{"TERM", "xterm"}, true},
		"no complete URI":    {plain, 80, [2]string{"TERM", "xterm"}, true},
		"a serial console":   {code, 0, [2]string{"TERM", "vt100"}, true},
		"too narrow":         {code, 30, [2]string{"TERM", "xterm"}, false},
		"TERM=dumb":          {code, 80, [2]string{"TERM", "dumb"}, false},
		"NO_COLOR":           {code, 80, [2]string{"NO_COLOR", "1"}, false},
		"as wide as it is":   {code, 33, [2]string{"TERM", "xterm"}, true},
		"one column too few": {code, 32, [2]string{"TERM", "xterm"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(c.env[0], c.env[1])
			got := shown(t, c.code, c.columns)
			if strings.ContainsAny(got, "▀▄\x1b") != c.qr || !strings.Contains(got, "    WDJB-MJHT\r\n") {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestTimeLeft: on a terminal one line says how long the code is good, and is gone at the end.
func TestTimeLeft(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	other, tty := terminalPair(t)
	events := make(chan []byte)
	time.AfterFunc(1200*time.Millisecond, func() { events <- []byte(`{"type":"denied"}`) })
	code := control.Status{Pairing: &control.Pairing{ExpiresIn: 90}}
	go func() {
		_, err := (&program{stdout: tty}).stay(following{
			command: "pair", status: func() control.Status { return code }, events: events, look: func(control.Status) error { return nil },
		})
		fmt.Fprint(tty, "end: ", err != nil, ".")
	}()
	var all []byte
	for b := make([]byte, 4096); !strings.Contains(string(all), "."); {
		n, err := other.Read(b)
		if all = append(all, b[:n]...); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := string(all), "\r\x1b[K1m30s left \r\x1b[Kend: true."; got != want {
		t.Errorf("the terminal got %q, want %q", got, want)
	}
}
