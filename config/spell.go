package config

import (
	"fmt"
	"image"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// spell writes a value as TOML.
func spell(v any) string {
	switch v := v.(type) {
	case string:
		return quote(v)
	case time.Duration:
		return quote(short(v))
	case image.Point:
		return quote(fmt.Sprintf("%dx%d", v.X, v.Y))
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case map[string]string:
		return inline(v)
	case float64:
		return decimal(v)
	}
	return fmt.Sprint(v)
}

func inline(m map[string]string) string {
	if len(m) == 0 {
		return "{}"
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, quote(name)+" = "+quote(m[name]))
	}
	return "{ " + strings.Join(pairs, ", ") + " }"
}

// decimal keeps the point, without which TOML reads a whole number.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.ContainsAny(s, ".ni") {
		s += ".0"
	}
	return s
}

// short spells a duration without its zero parts: "168h", not "168h0m0s".
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// quote writes a TOML basic string; what is not printable is escaped.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case !strconv.IsPrint(r):
			fmt.Fprintf(&b, `\U%08X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
