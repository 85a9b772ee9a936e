package display

import (
	"strings"
	"testing"
)

func joined(lines []line) string {
	var texts []string
	for _, l := range lines {
		texts = append(texts, l.text)
	}
	return strings.Join(texts, "|")
}

func TestWrap(t *testing.T) {
	const width = 92 // of text9: about 15 characters
	for _, c := range []struct {
		text   string
		within breaking
		want   string
		ok     bool
	}{
		{"Check cable or Wi-Fi.", never, "Check cable or|Wi-Fi.", true},
		{"  spaces   go  ", never, "spaces   go", true},
		{"Incomprehensibilities", never, "", false},
		{"Incomprehensibilities", atBreaks, "", false},
		{"example.com/device/activate", atBreaks, "example.com/|device/activate", true},
		{"login-server.example.com", atBreaks, "login-server.|example.com", true},
		{"Ce n’est pas vous\u00a0?\u00a0Oui", never, "Ce n’est pas|vous\u00a0?\u00a0Oui", true},
		{"", never, "", true},
	} {
		lines, ok := wrap(nil, text9, c.text, width, c.within)
		if ok != c.ok || ok && joined(lines) != c.want {
			t.Errorf("%q: %q, %v, want %q, %v", c.text, joined(lines), ok, c.want, c.ok)
		}
	}
	lines, ok := wrap(nil, text9, "Incomprehensibilities", width, anywhere)
	if got := strings.ReplaceAll(joined(lines), "|", ""); !ok || len(lines) < 2 || got != "Incomprehensibilities" {
		t.Errorf("broken anywhere: %q, %v", joined(lines), ok)
	}
}

// TestBalanced: lines of about the same width, as few as there can be.
func TestBalanced(t *testing.T) {
	lines, ok := balanced(nil, text9, "Press the button to try again.", 126)
	if joined(lines) != "Press the button|to try again." || !ok {
		t.Errorf("%q, %v", joined(lines), ok)
	}
}

// TestClipped: a text that is too wide ends with an ellipsis, is as long as fits, and has no space before it.
func TestClipped(t *testing.T) {
	for _, f := range []face{text7, text9, bold11, bold19} {
		for width := 30; width < 200; width += 7 {
			const text = "A rather long name of a device"
			l := clipped(f, text, width)
			part, cut := strings.CutSuffix(l.text, "…")
			if l.width() > width || !strings.HasPrefix(text, part) || cut == (part == text) || strings.HasSuffix(part, " ") {
				t.Errorf("capitals of %d in %d pixels: %q is %d wide", f.capital(), width, l.text, l.width())
			}
			if cut && f.measure(text[:len(part)+2]+"…").width() <= width {
				t.Errorf("capitals of %d in %d pixels: %q could be longer", f.capital(), width, l.text)
			}
		}
	}
}

func TestShortened(t *testing.T) {
	const name = "maximiliane.mustermann@example.com"
	for rows := 1; rows <= 4; rows++ {
		lines := shortened(nil, text9, name, 80, rows)
		last := lines[len(lines)-1].text
		if len(lines) > rows || rows < 3 && !strings.HasSuffix(last, "…") {
			t.Errorf("%d rows: %q", rows, joined(lines))
		}
		for _, l := range lines {
			if l.width() > 80 {
				t.Errorf("%d rows: %q is %d wide", rows, l.text, l.width())
			}
		}
	}
}
