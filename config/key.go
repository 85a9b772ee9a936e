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

// key is one line of the key table, bound to the field of one Config.
type key struct {
	name    string // with its sections: "auth.issuer"
	doc     string // one line for the example
	example string // TOML value of a required key in the example; "": the default stands there, commented out
	set     func(raw any) string
	text    func() string // the field's value as TOML
}

// value is what a key can hold.
type value interface {
	string | bool | int | float64 | time.Duration | image.Point | []string | map[string]string
}

// entry binds a key to its field and puts the default there. A check says what is wrong with a value
// and what to do, or nothing; it sees only what the file sets.
func entry[T value](name string, field *T, def T, doc string, checks ...func(T) string) key {
	*field = def
	return key{
		name: name,
		doc:  doc,
		text: func() string { return spell(*field) },
		set: func(raw any) string {
			var v T
			if wrong := assign(&v, raw); wrong != "" {
				return wrong
			}
			for _, check := range checks {
				if wrong := check(v); wrong != "" {
					return wrong
				}
			}
			*field = v
			return ""
		},
	}
}

// required marks a key that the example must show set.
func (k key) required(example string) key {
	k.example = spell(example)
	return k
}

// assign puts a TOML value where dst points, or says which type it must have.
func assign(dst, raw any) string {
	switch d := dst.(type) {
	case *string:
		return take(d, raw, `must be text in quotes`)
	case *bool:
		return take(d, raw, `must be true or false, without quotes`)
	case *int:
		return number(d, raw)
	case *float64:
		return fraction(d, raw)
	case *time.Duration:
		return span(d, raw)
	case *image.Point:
		return size(d, raw)
	case *[]string:
		return list(d, raw)
	case *map[string]string:
		return table(d, raw)
	}
	panic(fmt.Sprintf("config: no rule to read a %T", dst))
}

func take[T any](dst *T, raw any, wrong string) string {
	v, ok := raw.(T)
	if !ok {
		return wrong
	}
	*dst = v
	return ""
}

func number(dst *int, raw any) string {
	n, ok := raw.(int64)
	if !ok || int64(int(n)) != n {
		return "must be a whole number, without quotes"
	}
	*dst = int(n)
	return ""
}

func fraction(dst *float64, raw any) string {
	switch n := raw.(type) {
	case float64:
		*dst = n
	case int64:
		*dst = float64(n)
	default:
		return "must be a number, without quotes"
	}
	return ""
}

func span(dst *time.Duration, raw any) string {
	s, _ := raw.(string)
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return `must be a duration in quotes, such as "30s", "5m" or "168h"`
	}
	*dst = d
	return ""
}

func size(dst *image.Point, raw any) string {
	s, _ := raw.(string)
	w, h, _ := strings.Cut(s, "x")
	x, errX := strconv.ParseUint(w, 10, 16)
	y, errY := strconv.ParseUint(h, 10, 16)
	if errX != nil || errY != nil {
		return `must be a size in quotes, such as "128x64"`
	}
	*dst = image.Pt(int(x), int(y))
	return ""
}

func list(dst *[]string, raw any) string {
	const wrong = `must be a list of texts, such as ["a", "b"]`
	items, ok := raw.([]any)
	if !ok {
		return wrong
	}
	out := make([]string, len(items))
	for i, item := range items {
		if out[i], ok = item.(string); !ok {
			return wrong
		}
	}
	*dst = out
	return ""
}

func table(dst *map[string]string, raw any) string {
	const wrong = `must be a table of texts, such as { name = "value" }`
	items, ok := raw.(map[string]any)
	if !ok {
		return wrong
	}
	if len(items) == 0 { // as if it were not there
		return ""
	}
	out := make(map[string]string, len(items))
	for name, item := range items {
		if out[name], ok = item.(string); !ok {
			return wrong
		}
	}
	*dst = out
	return ""
}

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
