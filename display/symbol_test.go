package display

import (
	"image"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/paird/paird/display/internal/qrread"
)

// sample is a URI with runs for all three modes.
const sample = "https://EXAMPLE.COM/DEVICE?code=0123456789012-WDJB&x=y"

// TestEncode: the smallest version that holds the text, at the highest level that version still holds.
func TestEncode(t *testing.T) {
	for _, c := range []struct {
		text    string
		limit   int
		version int
		level   string
		ok      bool
	}{
		{"https://github.com/login/device", 40, 2, "L", true},
		{"https://example.com", 40, 2, "Q", true},
		{strings.Repeat("a", 53), 3, 3, "L", true},
		{strings.Repeat("a", 54), 3, 0, "", false},
		{"1", 40, 1, "H", true},
		{strings.Repeat("7", 7089), 40, 40, "L", true},
		{strings.Repeat("7", 7090), 40, 0, "", false},
		{strings.Repeat("7", 9000), 40, 0, "", false},
		{strings.Repeat("z", 100000), 40, 0, "", false},
		{"anything", 0, 0, "", false},
		{"", 40, 0, "", false},
	} {
		s, ok := encode(c.text, c.limit)
		if ok != c.ok || s.version != c.version || ok && s.level() != c.level {
			t.Errorf("encode(%.20q, %d) is of version %d, %v", c.text, c.limit, s.version, ok)
		}
	}
}

// TestEncodeReadsBack reads symbols of many versions and all levels with an independent reader.
func TestEncodeReadsBack(t *testing.T) {
	for n := 1; n < 700; n += 1 + n/6 {
		text := strings.Repeat(sample, 1+n/len(sample))[:n]
		s, ok := encode(text, 40)
		if !ok {
			t.Fatalf("no symbol for %d bytes", n)
		}
		c := newCanvas(Geometry{Width: s.size + 8, Height: s.size + 8})
		lit := image.Rect(2, 2, s.size+6, s.size+6)
		c.drawQR(&s, position{pixels: 1, lit: lit, symbol: lit.Inset(2)})
		got, err := qrread.Read(c)
		if err != nil || got.Text != text || got.Version != s.version || got.Level != s.level() {
			t.Fatalf("%q is version %d-%s, read %+v (%v)", text, s.version, s.level(), got, err)
		}
	}
}

// FuzzQRText: whatever a server sends as an address, what stands in the QR code is printable ASCII, the same address
// again, and what an independent reader reads, also with the host in capitals.
func FuzzQRText(f *testing.F) {
	for _, uri := range []string{
		sample, "https://bücher.example/gerät?code=WDJB-MJHT", "https://user@例え.テスト:8443/#\x00", "://", "https://a b\n.example", "javascript:alert(1)", "\xff\u202e", "tel:0123456789",
		"HTTPS://A.B/" + strings.Repeat("0", 700),
	} {
		f.Add(uri)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		uri = ASCIIURI(uri[:min(len(uri), 800)])
		if strings.ContainsFunc(uri, func(r rune) bool { return r <= ' ' || r > '~' }) || ASCIIURI(uri) != uri {
			t.Fatalf("%q is no address for a QR code", uri)
		}
		for _, text := range []string{uri, upperHost(uri)} {
			s, ok := encode(text, maxVersion)
			if ok != (text != "") && len(text) < 2000 {
				t.Fatalf("%q: a symbol: %v", text, ok)
			}
			if !strings.EqualFold(text, uri) || !ok {
				continue
			}
			c := newCanvas(Geometry{Width: s.size + 8, Height: s.size + 8})
			lit := image.Rect(2, 2, s.size+6, s.size+6)
			c.drawQR(&s, position{pixels: 1, lit: lit, symbol: lit.Inset(2)})
			if got, err := qrread.Read(c); err != nil || got.Text != text {
				t.Errorf("%q reads %q, %v", text, got.Text, err)
			}
		}
	})
}

// capacity is the number of data bits at level L in versions 1 to 9, which share one width of the character
// counts (ISO/IEC 18004 table 7).
var capacity = [10]int{0, 152, 272, 440, 640, 864, 1088, 1248, 1552, 1856}

// TestSegmentsAreOptimal: a text goes into the smallest version that any cut into segments allows.
func TestSegmentsAreOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8628))
	mixed := 0
	for range 400 {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			run := []string{"0123456789", "ABCDEFGHIJ", "abcdefghij"}[r.IntN(3)]
			for range 1 + r.IntN(25) {
				b.WriteByte(run[r.IntN(len(run))])
			}
		}
		text := b.String()
		want := 1
		for leastBits(text) > capacity[want] {
			want++
		}
		if 12+8*len(text) > capacity[want] {
			mixed++ // bytes alone would not fit
		}
		if s, ok := encode(text, 40); !ok || s.version != want {
			t.Errorf("%q is of version %d, %d can hold it", text, s.version, want)
		}
	}
	if mixed < 50 {
		t.Errorf("only %d of 400 texts need more than one mode", mixed)
	}
}

// leastBits is the number of bits over all cuts and modes in versions 1 to 9, from the back.
func leastBits(text string) int {
	least := make([]int, len(text)+1)
	for from := len(text) - 1; from >= 0; from-- {
		least[from] = 1 << 30
		numeric, alphanumeric := true, true
		for to := from + 1; to <= len(text); to++ {
			c, n := text[to-1], to-from
			numeric = numeric && '0' <= c && c <= '9'
			alphanumeric = alphanumeric && strings.IndexByte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", c) >= 0
			bits := 4 + 8 + 8*n
			if alphanumeric {
				bits = min(bits, 4+9+(11*n+1)/2)
			}
			if numeric {
				bits = min(bits, 4+10+(10*n+2)/3)
			}
			least[from] = min(least[from], bits+least[to])
		}
	}
	return least[0]
}

// TestSymbolsAreKept: a text is encoded once, whatever comes of it, and the oldest one makes room.
func TestSymbolsAreKept(t *testing.T) {
	var k symbols
	again := func(text string, limit int) float64 {
		return testing.AllocsPerRun(5, func() { k.encode(text, limit) })
	}
	for _, c := range []struct {
		text  string
		limit int
	}{{sample, 40}, {sample, 4}, {sample, 1}, {strings.Repeat("z", 9000), 40}} {
		got, ok := k.encode(c.text, c.limit)
		want, wantOK := encode(c.text, c.limit)
		if ok != wantOK || got.version != want.version || ok && got.level() != want.level() {
			t.Errorf("%.20q up to %d: version %d, want %d", c.text, c.limit, got.version, want.version)
		}
		if n := again(c.text, c.limit); n != 0 {
			t.Errorf("%.20q up to %d again: %v allocations", c.text, c.limit, n)
		}
	}
	for _, text := range []string{"a", "b", "c", "d"} {
		if s, _ := k.encode(text, 40); s.version != 1 {
			t.Errorf("%q is of version %d", text, s.version)
		}
	}
	if s, ok := k.encode(sample, 40); !ok || s.version != 3 {
		t.Errorf("the sample is of version %d", s.version)
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		encode("https://example.com/device?user_code=WDJB-MJHT", 3)
	}
}
