package display

import (
	"fmt"
	"image"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// allScreens is every kind of screen with everything it can say.
func allScreens() []Screen {
	screens := []Screen{
		Starting{Version: "1.2.3"}, Starting{},
		Clock{},
		Press{}, Press{Problem: "denied"}, Press{Problem: "expired"},
		Paired{Account: "Alice"}, Paired{},
		Online{Account: "Alice", Sent: 123456, Queued: 123456}, Online{},
		Holding{Left: 3 * time.Second}, Holding{Action: "pair", Left: 7 * time.Second}, Holding{Action: "pair"},
		Holding{Action: "reset"},
		ConfirmReset{Left: 10 * time.Second},
		Wiped{}, Wiped{Unrevoked: true},
		Settings{State: Wrong, Line: 1234}, Settings{State: Wrong}, Settings{State: Taken}, Settings{State: Taken, Line: 12},
		Settings{State: Left, Line: 12}, Settings{State: Left}, Settings{State: Ask, Server: "auth.example.com"}, Settings{State: Ask},
		Identify{ID: "a1b2c3d4e5f60718"}, Identify{ID: "a1b2c3d4e5f60718"},
		Paired{Account: "maximiliane.mustermann-beispiel@subdomain.example.com"},
		Online{Account: "maximiliane.mustermann-beispiel@subdomain.example.com", Sent: 123456},
		Problem{Code: "tls", Detail: "tls: failed to verify certificate: x509: certificate is valid for example.com, not example.net"},
		TestCard{Panel: "waveshare2in13v2", Version: "1.2.3"},
	}
	for _, code := range append(problemCodes[:], "something_new") {
		screens = append(screens, Problem{Code: code}, Problem{Code: code, Queued: 123456,
			Detail: "dial tcp 192.0.2.1:8883: connect: connection refused"})
	}
	return screens
}

// pairings are codes and URIs as servers make them, short and long.
func pairings() []Screen {
	const plain = "https://example.com/device"
	return []Screen{
		Pairing{UserCode: "WDJB-MJHT", VerificationURI: plain, VerificationURIComplete: plain + "?user_code=WDJB-MJHT", Left: 15 * time.Minute},
		Pairing{UserCode: "GLMC-QDDJ", VerificationURI: "https://infinyon-cloud.us.auth0.com/activate",
			VerificationURIComplete: "https://infinyon-cloud.us.auth0.com/activate?user_code=GLMC-QDDJ-and-more", Left: 15 * time.Minute},
		Pairing{UserCode: "019450730", VerificationURI: "https://microsoft.com/devicelogin", Left: time.Minute},
		Pairing{UserCode: "ABCDE-FGHJK-LMNPQ-RSTUV", VerificationURI: plain, Left: time.Minute},
		Pairing{UserCode: "WDJB-MJHT",
			VerificationURI: "https://login.a-rather-long-company-name.example.com/oauth2/device/v1/activate?tenant=0123456789abcdef"},
	}
}

// sizes are all kinds of sizes from 96x32 to 400x300, the panels sold among them.
func sizes() (all []Geometry) {
	for _, s := range [][2]int{{96, 32}, {96, 64}, {97, 300}, {128, 32}, {128, 64}, {128, 128}, {256, 64}, {400, 32}, {400, 300}} {
		all = append(all, Geometry{Width: s[0], Height: s[1], Name: "Printer"})
	}
	for _, s := range [][2]int{{104, 212}, {122, 250}, {128, 296}, {150, 40}, {200, 200}, {212, 104}, {250, 122}, {264, 176}, {296, 128}} {
		all = append(all, Geometry{Width: s[0], Height: s[1], Name: "Printer", Paper: true, Accent: s[0]%4 == 0})
	}
	return all
}

func (g Geometry) name() string {
	kind := "oled"
	if g.Paper {
		kind = "paper"
	}
	return fmt.Sprintf("%dx%d %s %s page %d", g.Width, g.Height, kind, g.Language, g.Page)
}

// picture renders and checks what holds for every picture: size, palette, and the free pixel at every
// edge, but for the lit border of a QR code and the test card.
func picture(t *testing.T, s Screen, g Geometry) *image.Paletted {
	t.Helper()
	m := Render(s, g).(*image.Paletted)
	if m.Rect != image.Rect(0, 0, g.Width, g.Height) {
		t.Fatalf("%s: the picture is %v", g.name(), m.Rect)
	}
	colours := 2
	if g.Paper && g.Accent {
		colours = 3
	}
	if len(m.Palette) != colours {
		t.Fatalf("%s: %d colours", g.name(), len(m.Palette))
	}
	for _, p := range m.Pix {
		if int(p) >= colours {
			t.Fatalf("%s: colour %d", g.name(), p)
		}
	}
	if _, card := s.(TestCard); !card {
		checkEdges(t, m, s, g)
	}
	return m
}

func checkEdges(t *testing.T, m *image.Paletted, s Screen, g Geometry) {
	t.Helper()
	lit := image.Rectangle{}
	if pairs, ok := s.(Pairing); ok && !g.Paper {
		var p pairing
		p.set(&symbols{}, pairs, g)
		lit = p.position.lit
	}
	ground := black
	if g.Paper {
		ground = white
	}
	for y := range g.Height {
		step := g.Width - 1 // the first and the last column
		if y == 0 || y == g.Height-1 {
			step = 1
		}
		for x := 0; x < g.Width; x += step {
			if m.ColorIndexAt(x, y) != ground && !image.Pt(x, y).In(lit) {
				t.Errorf("%s: %#v: ink at the edge, %d,%d", g.name(), s, x, y)
				return
			}
		}
	}
}

// random makes codes and URIs for property tests; the seed is fixed.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 8628))} }

func (r random) text(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

const (
	capitals = "BCDFGHJKLMNPQRSTVWXZ"
	digits   = "0123456789"
	visible  = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
)

// code is a user code of 1 to 30 characters, mostly of the usual kinds.
func (r random) code() string {
	n := 1 + r.IntN(30)
	switch r.IntN(4) {
	case 0:
		return r.text(digits, n)
	case 1:
		return r.text(visible, n)
	}
	code := []byte(r.text(capitals+digits, n))
	for i := 1 + r.IntN(8); i < n-1; i += 2 + r.IntN(8) {
		code[i] = '-'
	}
	return string(code)
}

// uri is a URI of up to 300 bytes.
func (r random) uri() string {
	const path = "abcdefghijklmnopqrstuvwxyz0123456789-._~/?=&%"
	return "https://" + r.text("abcdefghijklmnopqrstuvwxyz0123456789-.", 1+r.IntN(40)) + "/" + r.text(path, r.IntN(1+r.IntN(252)))
}

func (r random) geometry() Geometry {
	g := Geometry{Width: 96 + r.IntN(305), Height: 32 + r.IntN(269), Language: Languages()[r.IntN(len(Languages()))]}
	g.Paper = r.IntN(2) == 0
	g.Accent = g.Paper && r.IntN(3) == 0
	return g
}
