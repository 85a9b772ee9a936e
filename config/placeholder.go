package config

import (
	"fmt"
	"slices"
	"strings"
)

// placeholders allows {name} only for these names; a name ending in ":" takes an argument ({claim:x}).
func placeholders(names ...string) func(string) string {
	return func(s string) string {
		for rest := s; ; {
			_, after, open := strings.Cut(rest, "{")
			if !open {
				return printable(s)
			}
			name, tail, closed := strings.Cut(after, "}")
			if !closed || !slices.ContainsFunc(names, func(n string) bool { return fits(n, name) }) {
				return fmt.Sprintf("{%s is no placeholder here, use {%s}", clip(after), strings.Join(names, "} {"))
			}
			rest = tail
		}
	}
}

func fits(known, name string) bool {
	if arg, ok := strings.CutPrefix(name, known); ok && strings.HasSuffix(known, ":") {
		return arg != "" && !strings.Contains(arg, "{")
	}
	return known == name
}

// clip keeps an error line short.
func clip(s string) string {
	name, _, closed := strings.Cut(s, "}")
	if r := []rune(name); len(r) > 20 {
		return string(r[:20]) + "..."
	}
	if closed {
		return name + "}"
	}
	return name
}

// topicName refuses what no MQTT topic may hold (MQTT 3.1.1 section 4.7).
func topicName(s string) string {
	switch {
	case strings.ContainsAny(s, "+#"):
		return "has a wildcard (+ or #), remove it"
	case strings.HasPrefix(s, "/") || strings.HasSuffix(s, "/") || strings.Contains(s, "//"):
		return "has an empty level, remove the extra /"
	case strings.HasPrefix(s, "$"):
		return "starts with $, which belongs to the broker, choose another name"
	}
	return printable(s)
}
