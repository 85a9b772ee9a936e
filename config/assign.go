package config

import (
	"fmt"
	"image"
	"strconv"
	"strings"
	"time"
)

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
