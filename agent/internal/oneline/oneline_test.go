package oneline

import "testing"

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                     "",
		"plain":                "plain",
		" a\r\nb\x00\x1b[31m ": "ab[31m",
		"\u202eabc\u2066":      "abc",
		"Zo\xffë":              "Zoë",
		"1234567890123":        "1234567890…",
	} {
		if got := Clean(in, 10); got != want {
			t.Errorf("Clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFirst(t *testing.T) {
	if got := First("\n\n panic: \tx\nmore", 80); got != "panic: x" {
		t.Errorf("%q", got)
	}
}
