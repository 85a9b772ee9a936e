// Package oneline makes text from outside fit for one line of a log, a status or a panel.
package oneline

import (
	"strings"
	"unicode"
)

// Clean drops what cannot be shown (control and format characters, line breaks, invalid UTF-8) and
// cuts s after limit characters, with an ellipsis in place of the rest.
func Clean(s string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			continue
		}
		if n++; n > limit {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}

// First is the first line of s that has text in it, cleaned and cut like Clean.
func First(s string, limit int) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return Clean(line, limit)
}
