package qr

import (
	"strings"
	"testing"

	"rsc.io/qr/coding"
)

// sample is a URI with runs for all three modes.
const sample = "https://EXAMPLE.COM/DEVICE?code=0123456789012-WDJB&x=y"

// TestAgainstReference compares every module of every version and level with rsc.io/qr, and of every mask
// with the first versions of some classes.
func TestAgainstReference(t *testing.T) {
	for version := 1; version <= maxVersion; version++ {
		for level := L; level <= H; level++ {
			compare(t, version, level, (version+int(level))%8)
		}
	}
	for mask := range 8 {
		compare(t, 2, L, mask)
		compare(t, 7, Q, mask)
	}
}

func compare(t *testing.T, version int, level Level, mask int) {
	t.Helper()
	segments := split(sample[:min(len(sample), dataWords(version, level)-4)], class(version))
	var text []coding.Encoding
	for _, s := range segments {
		text = append(text, encoding(s))
	}
	plan, err := coding.NewPlan(coding.Version(version), coding.Level(level), coding.Mask(mask))
	if err != nil {
		t.Fatal(err)
	}
	want, err := plan.Encode(text...)
	if err != nil {
		t.Fatal(err)
	}
	got := draw(data(segments, version, level), version, level)
	got.mask(mask)
	got.format(mask)
	for y := range got.Size {
		for x := range got.Size {
			if got.Dark(x, y) != want.Black(x, y) {
				t.Fatalf("version %d-%v mask %d: module %d,%d differs", version, level, mask, x, y)
			}
		}
	}
}

func encoding(s segment) coding.Encoding {
	switch s.mode {
	case numeric:
		return coding.Num(s.text)
	case alphanumeric:
		return coding.Alpha(s.text)
	}
	return coding.String(s.text)
}

// versions is the first of each class.
var versions = [3]coding.Version{1, 10, 27}

// length is the number of bits of a segment, counted by the reference.
func length(s segment, class int) int { return encoding(s).Bits(versions[class]) }

// TestBitLength holds the length we choose a version by against what the reference writes.
func TestBitLength(t *testing.T) {
	for class := range versions {
		segments := split(sample, class)
		want := 0
		for _, s := range segments {
			want += length(s, class)
		}
		if got := bits(sample, class); got != want {
			t.Errorf("class %d: %d bits, want %d", class, got, want)
		}
	}
}

// TestSplitIsOptimal tries every way to cut short texts.
func TestSplitIsOptimal(t *testing.T) {
	for _, text := range []string{"A", "a1", "12ABab", "a1234567", "AB12cd34", "HTTP://a.B", "0000000a", "ABCDEFGH"} {
		for class := range 3 {
			segments := split(text, class)
			var joined strings.Builder
			for _, s := range segments {
				joined.WriteString(s.text)
			}
			if joined.String() != text {
				t.Fatalf("%q came back as %q", text, joined.String())
			}
			total := 0
			for _, s := range segments {
				total += length(s, class)
			}
			if got, want := bits(text, class), brute(text, class); got != want || total != want {
				t.Errorf("%q in class %d: %d bits, %d are possible", text, class, got, want)
			}
		}
	}
}

// brute is the least number of bits over all cuts and modes.
func brute(text string, class int) int {
	if text == "" {
		return 0
	}
	best := never
	for end := 1; end <= len(text); end++ {
		rest := brute(text[end:], class)
		for m := range mode(modes) {
			possible := true
			for i := range end {
				possible = possible && cost6(m, text[i]) < never
			}
			if possible {
				best = min(best, rest+length(segment{m, text[:end]}, class))
			}
		}
	}
	return best
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		text    string
		limit   int
		version int
		level   Level
		ok      bool
	}{
		{"https://github.com/login/device", 40, 2, L, true},
		{"https://example.com", 40, 2, Q, true},
		{strings.Repeat("a", 53), 3, 3, L, true},
		{strings.Repeat("a", 54), 3, 0, L, false},
		{"1", 40, 1, H, true},
		{strings.Repeat("7", 7089), 40, 40, L, true},
		{strings.Repeat("7", 7090), 40, 0, L, false},
		{strings.Repeat("7", 9000), 40, 0, L, false},
		{strings.Repeat("z", 100000), 40, 0, L, false},
		{"anything", 0, 0, L, false},
	} {
		version, level, ok := Fit(c.text, c.limit)
		if version != c.version || level != c.level || ok != c.ok {
			t.Errorf("Fit(%.20q, %d) = %d-%v, %v", c.text, c.limit, version, level, ok)
		}
		if s, done := Encode(c.text, c.limit); done != ok || s.Version != version {
			t.Errorf("Encode(%.20q, %d) is of version %d", c.text, c.limit, s.Version)
		}
	}
}

// TestBestMask checks that no other mask has a smaller penalty, counted afresh.
func TestBestMask(t *testing.T) {
	s, _ := Encode(sample, 40)
	for m := range 8 {
		other := draw(data(split(sample, 0), s.Version, s.Level), s.Version, s.Level)
		other.mask(m)
		other.format(m)
		if other.penalty() < s.penalty() {
			t.Errorf("mask %d has penalty %d, less than %d of the chosen %d", m, other.penalty(), s.penalty(), s.Mask)
		}
	}
}

// TestPenalty counts the features of pictures made for it.
func TestPenalty(t *testing.T) {
	line := func(dots string) int {
		s := Symbol{Size: len(dots)}
		for _, c := range dots {
			s.modules = append(s.modules, module(strings.IndexRune(".#", c)))
		}
		return s.line(0, 1)
	}
	for dots, want := range map[string]int{
		"#.#.#.#.#.#": 0,
		"#####.#.#.#": 3,
		"#######.#.#": 5,
		"#.###.#":     80, // light on either side: the quiet zone counts
		"....#.###.#": 80,
		"#.#.###.#":   40,
	} {
		if got := line(dots); got != want {
			t.Errorf("%s: penalty %d, want %d", dots, got, want)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Encode("https://example.com/device?user_code=WDJB-MJHT", 3)
	}
}
