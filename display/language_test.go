package display

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// TestWordsComplete: no language lacks a string, and every face can draw all of them. Where the owner can do
// nothing about a problem, that is so in all languages.
func TestWordsComplete(t *testing.T) {
	for _, w := range languages {
		for i, a := range w.problems {
			if (a.do == "") != (english.problems[i].do == "") {
				t.Errorf("%s: advice for %s is %q", w.language, problemCodes[i], a.do)
			}
		}
		filled := *w
		for i := range filled.problems {
			filled.problems[i] = w.problem(problemCodes[i])
		}
		eachString(reflect.ValueOf(filled), func(s string) {
			if s == "" {
				t.Errorf("%s: a string is empty", w.language)
			}
			for _, sc := range scales {
				if !sc.title.draws(s) || !sc.body.draws(s) || !sc.note.draws(s) {
					t.Errorf("%s: a face of %d pixels cannot draw %q", w.language, sc.body.capital(), s)
				}
			}
		})
	}
}

// TestInstallerIsAsked: what an owner cannot mend names the problem's code for the installer.
func TestInstallerIsAsked(t *testing.T) {
	for _, w := range languages {
		for _, code := range []string{"storage", "config", "tls", "broker_auth", "panel", "something_new"} {
			if do := w.problem(code).do; !strings.Contains(do, code) {
				t.Errorf("%s: %q does not name %s", w.language, do, code)
			}
		}
	}
}

// TestReasons: the errors of Go's network packages are shown in the panel's language.
func TestReasons(t *testing.T) {
	for detail, want := range map[string]string{
		"tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time ...": english.reasons[0],
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":                       english.reasons[1],
		"b.example is not trusted (x509: certificate signed by unknown authority): set mqtt.ca_file":             english.reasons[1],
		"x509: certificate is valid for example.com, not example.net":                                            english.reasons[2],
		"dial tcp 192.0.2.1:8883: connect: connection refused":                                                   english.reasons[3],
		"dial tcp: lookup broker.example.com: no such host":                                                      english.reasons[4],
		"read tcp 192.0.2.1:8883: i/o timeout":                                                                   english.reasons[5],
		"something else":                                                                                         "",
		"":                                                                                                       "",
	} {
		if got := english.reason(detail); got != want {
			t.Errorf("%q is %q, want %q", detail, got, want)
		}
	}
}

// TestCertificateTable: the panel's words for a certificate that is not good are those of config/certificates.md. That status and
// doctor say the rest, and that the panel shows it, is seen with the real daemon by TestWrongCertificates.
func TestCertificateTable(t *testing.T) {
	text, err := os.ReadFile("../config/certificates.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 || strings.Contains(cells[0], "the certificate is") {
			continue
		}
		rows++
		m := english.message(Problem{Code: "tls", Detail: cells[1]}, Geometry{})
		var words []string
		for _, b := range m.blocks[:m.n] {
			words = append(words, strings.TrimSuffix(b.text, "."))
		}
		if want := strings.Join(words, ". ") + ". |"; cells[2] != want {
			t.Errorf("%s: the panel says %s", cells[0], want)
		}
	}
	if rows < 13 {
		t.Errorf("only %d rows found", rows)
	}
}

// TestOneWordForOneThing: pairing and resetting have one verb in each language on all screens, and all sentences address the owner
// in one way.
func TestOneWordForOneThing(t *testing.T) {
	for language, c := range map[string]struct{ pair, reset, other string }{
		"en": {"pair", "reset", "thou"},
		"de": {"oppel", "rücksetz", "sie ihr ihre du dein deine"}, // infinitives
		"fr": {"associ", "réinitialis", "tu ton ta tes appuie maintiens"},
		"es": {"vincul", "restablec", "tu tus pulsa suelta mantén"},
		"it": {"associ", "ripristin", "suo sua prema tenga rilasci"},
		"pt": {"emparelh", "redefin", "tu teu tua carrega carregue"},
		"nl": {"koppel", "reset", "u uw"},
	} {
		w := in(language)
		for _, s := range []string{w.press + w.pressDo, w.paired, w.pairedAs, w.hold, w.letGoPair} {
			if !strings.Contains(strings.ToLower(s), c.pair) {
				t.Errorf("%s: %q is not about %q", language, s, c.pair)
			}
		}
		for _, s := range []string{w.holdReset, w.letGoReset} {
			if !strings.Contains(strings.ToLower(s), c.reset) {
				t.Errorf("%s: %q is not about %q", language, s, c.reset)
			}
		}
		eachString(reflect.ValueOf(*w), func(s string) {
			for _, word := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) }) {
				if slices.Contains(strings.Fields(c.other), word) {
					t.Errorf("%s: %q addresses the owner otherwise than the rest", language, s)
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
	if got := Languages(); !reflect.DeepEqual(got, []string{"en", "de", "fr", "es", "it", "pt", "nl"}) {
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
	for number := range m.pages() {
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

// contains reports whether the text is there, broken at its spaces only; a name may end with an ellipsis.
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
		if joined == text {
			return true
		}
		joined, text = strings.ReplaceAll(joined, " ", ""), strings.ReplaceAll(text, " ", "")
		part, shortened := strings.CutSuffix(joined, "…")
		return b.free && joined == text || b.cut && shortened && len(part) >= 4 && strings.HasPrefix(text, part)
	}
	return false
}

// sold are the panels that people buy.
func sold() (all []Geometry) {
	for _, s := range [][2]int{{128, 32}, {128, 64}, {128, 128}} {
		all = append(all, Geometry{Width: s[0], Height: s[1], Name: "Kitchen printer"})
	}
	for _, s := range [][2]int{{200, 200}, {212, 104}, {250, 122}, {296, 128}, {264, 176}, {400, 300},
		{300, 200}, {300, 224}, {320, 200}, {400, 240}} { // the last four are of twice the size
		all = append(all, Geometry{Width: s[0], Height: s[1], Name: "Kitchen printer", Paper: true, Accent: true})
	}
	return all
}

// TestOneScaleASize holds every screen in every language on every panel sold: the type is that of the size,
// everything stands on one page, and on 128x32 what goes on from a paragraph is on its page.
func TestOneScaleASize(t *testing.T) {
	for _, g := range sold() {
		for _, w := range languages {
			g.Language = w.language
			for _, s := range allScreens() {
				if _, card := s.(TestCard); card {
					continue
				}
				m := w.message(s, g)
				m.set(g)
				if m.scale != scalesFor(g.Width, g.Height)[0] || !m.whole {
					t.Errorf("%s: %#v is set smaller, or torn", g.name(), s)
				}
				if pages := m.pages(); pages > 1 && g.Height > 32 || pages > 3 {
					t.Errorf("%s: %#v takes %d pages", g.name(), s, pages)
				}
				for number := range m.pages() {
					from, _, _ := m.page(number)
					if i := m.block(from); m.blocks[i].joined || m.start(i) != from {
						t.Errorf("%s: %#v: page %d begins within a sentence", g.name(), s, number)
					}
				}
			}
		}
	}
}

// TestPaperDoesNotAlternate: on e-paper no screen has a second page.
func TestPaperDoesNotAlternate(t *testing.T) {
	for _, g := range sold() {
		for _, g.Language = range Languages() {
			for _, s := range append(allScreens(), pairings()...) {
				if n := Pages(s, g); g.Paper && n != 1 {
					t.Errorf("%s: %#v takes %d pages", g.name(), s, n)
				}
			}
		}
	}
}

// TestNamesWrapThenEnd: an account's name of usual length stands whole; a longer one wraps, then ends with an
// ellipsis, and makes nothing else smaller.
func TestNamesWrapThenEnd(t *testing.T) {
	long := []string{"maximiliane.mustermann-beispiel@subdomain.example.com", "Wolfeschlegelsteinhausenbergerdorff", strings.Repeat("W", 64)}
	short := []string{"Alice", "Zoë Strauß", "Łukasz Żółć"}
	for _, g := range sizes() {
		for _, name := range append(long, short...) {
			m := english.message(Paired{Account: name}, g)
			m.set(g)
			if !contains(&m, name) {
				t.Errorf("%s: %q is missing", g.name(), name)
			}
			if text := m.lines[m.ends[1]-1].text; slices.Contains(short, name) && strings.HasSuffix(text, "…") {
				t.Errorf("%s: %q is not whole", g.name(), name)
			}
			if g.Width >= 120 && g.Height >= 60 && m.scale != scalesFor(g.Width, g.Height)[0] {
				t.Errorf("%s: %q makes the text smaller", g.name(), name)
			}
			for g.Page = range Pages(Paired{Account: name}, g) {
				picture(t, Paired{Account: name}, g)
			}
			g.Page = 0
		}
	}
}
