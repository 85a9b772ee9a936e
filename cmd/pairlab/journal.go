package main

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/paird/paird/cmd/internal/provider"
)

// journal writes plain lines: when, who, what.
type journal struct {
	mu  sync.Mutex
	out io.Writer
}

func newJournal(out io.Writer) *journal { return &journal{out: out} }

func (j *journal) line(at time.Time, who, what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Fprintf(j.out, "%s  %-8s  %s\n", at.Format(time.TimeOnly), who, what)
}

// writer turns what is written to it into lines.
func (j *journal) writer(who string) io.Writer { return &lineWriter{journal: j, who: who} }

type lineWriter struct {
	journal *journal
	who     string
	mu      sync.Mutex
	part    []byte // of a line
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.part = append(w.part, b...)
	for {
		line, rest, ok := bytes.Cut(w.part, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		w.journal.line(time.Now(), w.who, string(line))
		w.part = rest
	}
}

// maxLine is how many bytes of a payload a line shows.
const maxLine = 160

// printable makes one short line of a payload.
func printable(b []byte) string {
	cut := ""
	if len(b) > maxLine {
		b, cut = b[:maxLine], "..."
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, string(b)) + cut
}

func eventText(e provider.Event) string {
	device := e.Device
	if device == "" {
		device = "a device"
	}
	switch e.Kind {
	case provider.CodeIssued:
		return device + " asks to be paired and is given a code"
	case provider.CodeUnknown:
		return e.Account + " gave a code that is not known"
	case provider.CodeExpired:
		return "the code of " + device + " ran out"
	case provider.CodeReviewed:
		return e.Account + " looks at the code of " + device
	case provider.SignedIn:
		return e.Account + " signed in"
	case provider.SignInFailed:
		return "a wrong name or password was given"
	case provider.Approved:
		return e.Account + " approved " + device
	case provider.Denied:
		return e.Account + " denied " + device
	case provider.Tokens:
		return device + " fetched its tokens and belongs to " + e.Account
	case provider.Refreshed:
		return device + " refreshed its tokens"
	case provider.Reused:
		return "a retired refresh token of " + device + " came back: its grant has ended"
	case provider.Revoked:
		return device + " gave a grant back"
	}
	return string(e.Kind)
}
