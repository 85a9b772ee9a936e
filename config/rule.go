package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// rule checks one value of the file. wrong says what is wrong with it and what to do, or nothing.
type rule interface {
	wrong(value any) string
}

// text is a rule for a text, and for each text of a list or table.
type text func(string) string

func (check text) wrong(value any) string {
	switch v := value.(type) {
	case string:
		return check(v)
	case []string:
		for _, s := range v {
			if wrong := check(s); wrong != "" {
				return wrong
			}
		}
	case map[string]string:
		for name, s := range v {
			if wrong := check(name) + check(s); wrong != "" {
				return wrong
			}
		}
	}
	return ""
}

// words allows these texts and no others.
type words []string

func (w words) wrong(value any) string {
	return text(func(s string) string {
		if slices.Contains(w, s) {
			return ""
		}
		quoted := make([]string, len(w))
		for i, word := range w {
			quoted[i] = quote(word)
		}
		return fmt.Sprintf("%q is not known, write one of: %s", s, strings.Join(quoted, ", "))
	}).wrong(value)
}

// later refuses values whose feature is not built yet.
type later []string

func (l later) wrong(value any) string {
	return text(func(s string) string {
		if slices.Contains(l, s) {
			return quote(s) + " is not built yet, choose another value"
		}
		return ""
	}).wrong(value)
}

// numbers allows least to most.
type numbers struct{ least, most int }

func (n numbers) wrong(value any) string {
	if v := value.(int); v < n.least || v > n.most {
		return fmt.Sprintf("%d is out of range, choose from %d to %d", v, n.least, n.most)
	}
	return ""
}

// span allows least to most.
type span struct{ least, most time.Duration }

func (s span) wrong(value any) string {
	if v := value.(time.Duration); v < s.least || v > s.most {
		return fmt.Sprintf("%s is out of range, choose from %s to %s", short(v), short(s.least), short(s.most))
	}
	return ""
}

// atMost bounds a text, in characters.
type atMost int

func (n atMost) wrong(value any) string {
	if utf8.RuneCountInString(value.(string)) > int(n) {
		return fmt.Sprintf("has more than %d characters, shorten it", n)
	}
	return ""
}

// ohms allows the resistance of a shunt.
type ohms struct{}

func (ohms) wrong(value any) string {
	if v := value.(float64); !(v > 0 && v <= 100) {
		return "is no shunt, write its resistance in ohms, such as 0.1"
	}
	return ""
}

// printable refuses control characters, which no panel, log line or header should see. It holds for every text
// of every key.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "has a control character, remove it"
	}
	return ""
}

// filled refuses "".
func filled(s string) string {
	if s == "" {
		return "must not be empty, remove the key to get the default"
	}
	return ""
}

// path refuses a path with detours (//, /./, /../), so that a file has one name.
func path(s string) string {
	if s != "" && s != filepath.Clean(s) {
		return fmt.Sprintf("%q is no plain path, write %q", s, filepath.Clean(s))
	}
	return ""
}

// tokenName is what stands on a command line behind `paird token`.
func tokenName(s string) string {
	if strings.Trim(s, letters+capitals+digits+"_.-") != "" {
		return fmt.Sprintf("%q does not fit, write letters, digits, dots, - or _", s)
	}
	return ""
}

// metricName is a name in the telemetry's JSON; "" is the driver's own.
func metricName(s string) string {
	if len(s) > 32 || strings.Trim(s, letters+digits+"_") != "" || s != "" && !strings.Contains(letters, s[:1]) {
		return fmt.Sprintf("%q does not fit, write at most 32 small letters, digits and _, a letter first", s)
	}
	return ""
}

const (
	letters  = "abcdefghijklmnopqrstuvwxyz"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits   = "0123456789"
)
