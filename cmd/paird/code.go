package main

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/display"
)

// showCode prints how to approve: the QR code where a terminal shows it so that a camera reads it, and always the
// address and the code (RFC 8628 section 3.3.1: "the user code [...] MUST still be displayed"), and the address that
// has the code in it, where the server gives one.
func (p *program) showCode(c control.Pairing) {
	uri, complete := display.ASCIIURI(c.VerificationURI), display.ASCIIURI(c.VerificationURIComplete)
	if qr := display.TerminalQR(cmp.Or(complete, uri)); fits(qr, columns(p.stdout)) {
		fmt.Fprintln(p.stdout, qr)
	}
	fmt.Fprintf(p.stdout, "Open %s and enter\n\n    %s\n\n", uri, c.UserCode)
	if complete != "" {
		fmt.Fprintf(p.stdout, "or open %s and compare the code.\n", complete)
	}
	fmt.Fprintf(p.stdout, "Waiting for you to approve, %v at most. Ctrl-C stops.\n", time.Duration(c.ExpiresIn)*time.Second)
}

// fits reports whether the rows of a QR code stand on so many columns. A row is broken by nothing but its end: one
// that wraps cannot be read.
func fits(qr string, columns int) bool {
	row, _, _ := strings.Cut(qr, "\n")
	_, row, _ = strings.Cut(row, "m") // the escape sequences before and after it
	row, _, _ = strings.Cut(row, "\x1b")
	return row != "" && utf8.RuneCountInString(row) <= columns
}

// columns is the width of a terminal that draws in colour, 0 for anything else: without colours of its own a QR code
// is inverted on many terminals, and cameras do not read it.
func columns(w any) int {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	switch {
	case err != nil || !takesEscapes(f):
		return 0
	case width == 0: // a serial console does not know
		return 80
	}
	return width
}

// left shows on a terminal how long the code is good, on one line that is written over.
func (p *program) left(c *control.Pairing) {
	if c != nil && columns(p.stdout) > 0 {
		fmt.Fprintf(p.stdout, "\r\x1b[K%v left ", time.Duration(c.ExpiresIn)*time.Second)
	}
}

// line ends the line that left writes over.
func (p *program) line() {
	if columns(p.stdout) > 0 {
		fmt.Fprint(p.stdout, "\r\x1b[K")
	}
}
