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

// set puts a TOML value into the key's field, or says what is wrong with it and leaves the field alone.
func (k key) set(raw any) string {
	v, wrong := k.read(raw)
	if wrong != "" {
		return wrong
	}
	for _, r := range append([]rule{text(printable)}, k.rules...) {
		if wrong := r.wrong(v); wrong != "" {
			return wrong
		}
	}
	switch field := k.field.(type) {
	case *string:
		*field = v.(string)
	case *bool:
		*field = v.(bool)
	case *int:
		*field = v.(int)
	case *float64:
		*field = v.(float64)
	case *time.Duration:
		*field = v.(time.Duration)
	case *image.Point:
		*field = v.(image.Point)
	case *[]string:
		*field = v.([]string)
	case *map[string]string:
		*field = v.(map[string]string)
	}
	return ""
}

// read gives a TOML value the type of the key's field.
func (k key) read(raw any) (v any, wrong string) {
	ok := false
	switch k.field.(type) {
	case *string:
		v, ok = raw.(string)
		wrong = `must be text in quotes`
	case *bool:
		v, ok = raw.(bool)
		wrong = `must be true or false, without quotes`
	case *int:
		v, ok = wholeNumber(raw)
		wrong = "must be a whole number, without quotes"
	case *float64:
		v, ok = fraction(raw)
		wrong = "must be a number, without quotes"
	case *time.Duration:
		v, ok = duration(raw)
		wrong = `must be a duration in quotes, such as "30s", "5m" or "168h"`
	case *image.Point:
		v, ok = size(raw)
		wrong = `must be a size in quotes, such as "128x64"`
	case *[]string:
		v, ok = list(raw)
		wrong = `must be a list of texts, such as ["a", "b"]`
	case *map[string]string:
		v, ok = table(raw)
		wrong = `must be a table of texts, such as { name = "value" }`
	}
	if ok {
		wrong = ""
	}
	return v, wrong
}

func wholeNumber(raw any) (int, bool) {
	n, ok := raw.(int64)
	return int(n), ok && int64(int(n)) == n
}

func fraction(raw any) (float64, bool) {
	if n, ok := raw.(int64); ok {
		return float64(n), true
	}
	n, ok := raw.(float64)
	return n, ok && n-n == 0 // TOML has inf and nan
}

func duration(raw any) (time.Duration, bool) {
	s, _ := raw.(string)
	d, err := time.ParseDuration(s)
	return d, err == nil && d >= 0
}

func size(raw any) (image.Point, bool) {
	s, _ := raw.(string)
	w, h, _ := strings.Cut(s, "x")
	x, errX := strconv.ParseUint(w, 10, 16)
	y, errY := strconv.ParseUint(h, 10, 16)
	return image.Pt(int(x), int(y)), errX == nil && errY == nil
}

func list(raw any) ([]string, bool) {
	items, ok := raw.([]any)
	out := make([]string, len(items))
	for i, item := range items {
		s, isText := item.(string)
		out[i], ok = s, ok && isText
	}
	return out, ok
}

// table of no entries is nil, as if the key were not there.
func table(raw any) (out map[string]string, ok bool) {
	items, ok := raw.(map[string]any)
	if len(items) > 0 {
		out = make(map[string]string, len(items))
	}
	for name, item := range items {
		s, isText := item.(string)
		out[name], ok = s, ok && isText
	}
	return out, ok
}

// value is the field's value as TOML.
func (k key) value() string {
	switch v := k.field.(type) {
	case *string:
		return quote(*v)
	case *bool:
		return strconv.FormatBool(*v)
	case *int:
		if k.hex {
			return fmt.Sprintf("0x%02X", *v)
		}
		return strconv.Itoa(*v)
	case *float64:
		return decimal(*v)
	case *time.Duration:
		return quote(short(*v))
	case *image.Point:
		return quote(fmt.Sprintf("%dx%d", v.X, v.Y))
	case *[]string:
		quoted := make([]string, len(*v))
		for i, s := range *v {
			quoted[i] = quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case *map[string]string:
		return inline(*v)
	}
	return ""
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
	if !strings.Contains(s, ".") {
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
