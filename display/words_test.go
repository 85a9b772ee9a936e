package display

import (
	"reflect"
	"strings"
	"testing"
)

// TestWordsComplete: no language lacks a string, and every face can draw all of them.
func TestWordsComplete(t *testing.T) {
	for _, w := range languages {
		eachString(reflect.ValueOf(*w), func(s string) {
			if s == "" {
				t.Errorf("%s: a string is empty", w.language)
			}
			for _, sc := range scales {
				if !sc.head.draws(s) || !sc.body.draws(s) {
					t.Errorf("%s: a face of %d pixels cannot draw %q", w.language, sc.body.capital(), s)
				}
			}
		})
	}
}

// TestWordsHaveRoomForValues: what stands for a number in one language does so in all.
func TestWordsHaveRoomForValues(t *testing.T) {
	count := func(w words) (n []int) {
		eachString(reflect.ValueOf(w), func(s string) { n = append(n, strings.Count(s, "#")) })
		return n
	}
	for _, w := range languages {
		if got := count(*w); !reflect.DeepEqual(got, count(english)) {
			t.Errorf("%s: numbers at other places than in English: %v", w.language, got)
		}
	}
}

func eachString(v reflect.Value, visit func(string)) {
	switch v.Kind() {
	case reflect.String:
		visit(v.String())
	case reflect.Struct:
		for _, field := range v.Fields() {
			eachString(field, visit)
		}
	case reflect.Array:
		for i := range v.Len() {
			eachString(v.Index(i), visit)
		}
	}
}

func TestLanguages(t *testing.T) {
	if got := Languages(); !reflect.DeepEqual(got, []string{"en", "de", "fr", "es"}) {
		t.Errorf("%v", got)
	}
	if in("xx") != &english || in("") != &english || in("fr") != &french {
		t.Error("an unknown language is not English")
	}
}

// TestNothingIsCutOff lays out every screen in every language at every kind of size: each word is on one
// of the pages, no line is wider than the panel, no page higher.
func TestNothingIsCutOff(t *testing.T) {
	for _, g := range sizes() {
		for _, w := range languages {
			g.Language = w.language
			for _, s := range allScreens() {
				if _, card := s.(TestCard); !card {
					checkMessage(t, s, g, w)
				}
				for g.Page = range Pages(s, g) {
					picture(t, s, g)
				}
				g.Page = 0
			}
		}
	}
}

func checkMessage(t *testing.T, s Screen, g Geometry, w *words) {
	t.Helper()
	m := w.message(s, g)
	wanted := m.blocks
	n := m.n
	m.set(g)
	for _, b := range wanted[:n] {
		if !b.optional && !contains(&m, b.text) {
			t.Errorf("%s: %#v: %q is missing or torn", g.name(), s, b.text)
		}
	}
	seen := 0
	_, _, pages := m.page(0)
	for number := range pages {
		from, to, _ := m.page(number)
		if from != seen || m.height(from, to) > m.area.Dy() {
			t.Errorf("%s: %#v: page %d has lines %d to %d, %d high", g.name(), s, number, from, to, m.height(from, to))
		}
		seen = to
	}
	if seen != len(m.lines) {
		t.Errorf("%s: %#v: %d of %d lines are on pages", g.name(), s, seen, len(m.lines))
	}
	for _, l := range m.lines {
		if l.width() > m.area.Dx() || strings.ContainsRune(l.text, '#') {
			t.Errorf("%s: %#v: line %q is %d wide", g.name(), s, l.text, l.width())
		}
	}
}

// contains tells whether the text is there, broken at its spaces only.
func contains(m *message, text string) bool {
	for i, b := range m.blocks[:m.n] {
		if b.text != text {
			continue
		}
		var lines []string
		for _, l := range m.lines[m.start(i):m.ends[i]] {
			lines = append(lines, l.text)
		}
		joined := strings.Join(lines, " ")
		return joined == text || b.free && strings.ReplaceAll(joined, " ", "") == strings.ReplaceAll(text, " ", "")
	}
	return false
}

// TestNamesAreWhole: account names of any usual length stand whole at every size.
func TestNamesAreWhole(t *testing.T) {
	for _, g := range sizes() {
		for _, name := range []string{"Alice", "Zoë Strauß", "Łukasz Żółć", "maximiliane.mustermann-beispiel@subdomain.example.com",
			"Wolfeschlegelsteinhausenbergerdorff", strings.Repeat("W", 64)} {
			m := english.message(Paired{Account: name}, g)
			m.set(g)
			if !contains(&m, name) {
				t.Errorf("%s: %q is not whole", g.name(), name)
			}
			for g.Page = range Pages(Paired{Account: name}, g) {
				picture(t, Paired{Account: name}, g)
			}
			g.Page = 0
		}
	}
}
