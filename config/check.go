package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// The checks below are pure: they say what is wrong with one value and what to do, or "".

// oneOf allows these words.
func oneOf(words ...string) func(string) string {
	return func(s string) string {
		if slices.Contains(words, s) {
			return ""
		}
		return fmt.Sprintf("%q is not known, write one of: %s", s, strings.Join(spoken(words), ", "))
	}
}

func spoken(words []string) []string {
	out := slices.Clone(words)
	for i, w := range out {
		out[i] = quote(w)
	}
	return out
}

// later refuses values whose feature is not built yet; without any it refuses the key as a whole.
func later[T value](values ...T) func(T) string {
	return func(v T) string {
		if len(values) == 0 {
			return "is not built yet, remove the key"
		}
		for _, known := range values {
			if spell(known) == spell(v) {
				return spell(v) + " is not built yet, choose another value"
			}
		}
		return ""
	}
}

// each runs a check on every item of a list.
func each(check func(string) string) func([]string) string {
	return func(items []string) string {
		for _, item := range items {
			if wrong := check(item); wrong != "" {
				return wrong
			}
		}
		return ""
	}
}

// optional lets "" pass.
func optional(check func(string) string) func(string) string {
	return func(s string) string {
		if s == "" {
			return ""
		}
		return check(s)
	}
}

// matching wants the whole text to be as the pattern says; what is how a person says it.
func matching(pattern, what string) func(string) string {
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(s string) string {
		if re.MatchString(s) {
			return ""
		}
		return fmt.Sprintf("%q does not fit, write %s", s, what)
	}
}

func within(least, most int) func(int) string {
	return func(n int) string {
		if n < least || n > most {
			return fmt.Sprintf("%d is out of range, choose from %d to %d", n, least, most)
		}
		return ""
	}
}

func lasting(least, most time.Duration) func(time.Duration) string {
	return func(d time.Duration) string {
		if d < least || d > most {
			return fmt.Sprintf("%s is out of range, choose from %s to %s", short(d), short(least), short(most))
		}
		return ""
	}
}

// printable refuses control characters, which no panel, log line or header should see.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "has a control character, remove it"
	}
	return ""
}

// atMost bounds a text, in characters.
func atMost(n int) func(string) string {
	return func(s string) string {
		if utf8.RuneCountInString(s) > n {
			return fmt.Sprintf("has more than %d characters, shorten it", n)
		}
		return ""
	}
}

// resourceURI is absolute and has no fragment (RFC 8707 section 2).
func resourceURI(s string) string {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || strings.Contains(s, "#") {
		return fmt.Sprintf("%q is no resource, write an absolute URI without # (RFC 8707)", s)
	}
	return ""
}

// peers names who may: "*", "user:NAME", "group:NAME".
var peers = matching(`\*|(?:user|group):[A-Za-z0-9_][A-Za-z0-9_.-]*\$?`, `"*", "user:NAME" or "group:NAME"`)
