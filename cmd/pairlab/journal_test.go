package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestLines(t *testing.T) {
	var out bytes.Buffer
	j := newJournal(&out)
	j.line(time.Date(2026, 11, 21, 9, 5, 7, 0, time.UTC), "broker", "lets in")
	if out.String() != "09:05:07  broker    lets in\n" {
		t.Errorf("%q", out.String())
	}
	out.Reset()
	w := j.writer("paird")
	for _, part := range []string{"one\ntw", "o", "\nthree"} {
		fmt.Fprint(w, part)
	}
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 3 || !strings.HasSuffix(lines[0], "paird     one") || !strings.HasSuffix(lines[1], "paird     two") {
		t.Errorf("%q", lines)
	}
}

// A payload cannot play with the terminal.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1}`:                `{"a":1}`,
		"a\x1b[2Jb\n\u202e":      "a.[2Jb..",
		"\xff\xfe":               "\ufffd\ufffd",
		strings.Repeat("x", 200): strings.Repeat("x", maxLine) + "...",
	} {
		if got := printable([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
