package display

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	turns(t, func(text string) string { return printable(text, 64) }, map[string]string{
		"WDJB-MJHT":              "WDJB-MJHT",
		"\u202eABC\u200b\x00\n":  "ABC",
		"A\u00a0B":               "A B",
		"\xffx\xc3":              "x",
		strings.Repeat("é", 100): strings.Repeat("é", 64),
		"":                       "",
	})
}

// TestArrange: how codes are cut into rows.
func TestArrange(t *testing.T) {
	for _, c := range []struct {
		code          string
		width, height int
		want          string
		torn          bool
	}{
		{"WDJB-MJHT", 200, 20, "WDJB-MJHT", false},
		{"WDJB-MJHT", 62, 60, "WDJB|MJHT", false},
		{"WDJBMJHT", 62, 60, "WDJB|MJHT", false},
		{"019450730", 62, 60, "019|450|730", false},
		{"ABCDE-FGHJK-LMNPQ-RSTUV", 124, 60, "ABCDE-FGHJK|LMNPQ-RSTUV", false},
		{"ABCDEFGHIJ-KLMNOPQRST", 50, 60, "ABCDE|FGHIJ|KLMNO|PQRST", false},
		{"ABCDEFGHJKLMNPQRSTUV", 200, 60, "ABCDEFGHJK|LMNPQRSTUV", false},
		{"ABCDEFGHJKLMNPQRSTUV", 63, 62, "ABCDE|FGHJK|LMNPQ|RSTUV", false},
		{"123456", 40, 60, "123|456", false},
		{"ABCDE", 30, 60, "AB|CD|E", true},
	} {
		s := spell(c.code, 64)
		got, ok := s.arrange(c.width, c.height)
		if rows := strings.Join(got.rows[:got.n], "|"); !ok || rows != c.want || got.torn != c.torn {
			t.Errorf("%s in %dx%d: %s, torn %v", c.code, c.width, c.height, rows, got.torn)
		}
		if !ok {
			continue
		}
		if got.width > c.width || got.height() > c.height {
			t.Errorf("%s in %dx%d is %dx%d", c.code, c.width, c.height, got.width, got.height())
		}
	}
	if got := text9.row("ABCDEFGH").width() - text9.measure("ABCDEFGH").width(); got < 3 {
		t.Errorf("%d pixels of white between groups", got)
	}
	s := spell(strings.Repeat("W", 64), 32)
	if _, ok := s.arrange(94, 30); ok {
		t.Error("64 characters do not fit 94x30 pixels")
	}
}
