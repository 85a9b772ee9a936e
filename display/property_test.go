package display

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/display/internal/qrread"
)

// TestPairingProperties draws any code up to 30 characters and any URI up to 300 bytes at any size from
// 96x32 to 400x300: the code is legible on the first page, a QR code reads back, nothing touches an edge.
func TestPairingProperties(t *testing.T) {
	t.Parallel()
	r := newRandom(1)
	drawn := 0
	for range 100 {
		s := Pairing{UserCode: r.code(), VerificationURI: r.uri(), Left: 90}
		s.VerificationURIComplete = s.VerificationURI + "?user_code=" + s.UserCode
		if checkPairing(t, s, r.geometry()) {
			drawn++
		}
	}
	if drawn < 30 {
		t.Errorf("only %d of 100 had a QR code", drawn)
	}
}

// TestPairingSizes draws everyday codes at every kind of size.
func TestPairingSizes(t *testing.T) {
	t.Parallel()
	for _, g := range sizes() {
		for _, code := range []string{"WDJB-MJHT", "WDJBMJHT", "0O1I-8B5S", "123456789", "ABCDE-FGHJK-LMNPQ-RSTUV", "abcd-efgq"} {
			s := Pairing{UserCode: code, VerificationURI: "https://example.com/device"}
			if strings.Contains(code, "-") {
				s.VerificationURIComplete = s.VerificationURI + "?user_code=" + code
			}
			// Version 3 at two pixels a module with its border takes 62 pixels: where that leaves room for the
			// code there must be a QR code.
			drawn, room := checkPairing(t, s, g), min(g.Width, g.Height) >= 62 && max(g.Width, g.Height) >= 128
			if drawn != room && !(drawn && g.Width == 96) {
				t.Errorf("%s: %s: QR code %v, though room is %v", g.name(), code, drawn, room)
			}
		}
	}
}

// checkPairing reports whether a QR code was drawn.
func checkPairing(t *testing.T, s Pairing, g Geometry) bool {
	t.Helper()
	var p pairing
	p.set(&symbols{}, s, g)
	m := picture(t, s, g)
	if !bytes.Equal(m.Pix, picture(t, s, g).Pix) {
		t.Errorf("%s: two renderings of %#v differ", g.name(), s)
	}
	without := p.position.lit
	if !newPage(m, g, without).read(s.UserCode) {
		t.Errorf("%s: code %q cannot be read from the picture of %#v", g.name(), s.UserCode, s)
	}
	checkText(t, s, g, &p)
	checkFurtherPages(t, s, g)
	code, err := qrread.Read(m)
	if p.content == contentNone {
		if !errors.Is(err, qrread.ErrNone) {
			t.Errorf("%s: a QR code is there, or something like one: %v", g.name(), err)
		}
		return false
	}
	if err != nil {
		t.Errorf("%s: %#v: %v", g.name(), s, err)
		return false
	}
	checkQR(t, s, g, code, p.content)
	return true
}

// checkText holds the lines around the code against the words, and the code against the lines.
func checkText(t *testing.T, s Pairing, g Geometry, p *pairing) {
	t.Helper()
	if !p.whole {
		return
	}
	got := ""
	for _, l := range p.stack.lines {
		got += strings.ReplaceAll(l.text, " ", "")
	}
	for _, part := range []string{p.text.lead, p.text.uri, p.text.enter, p.text.left} {
		got = strings.Replace(got, strings.ReplaceAll(part, " ", ""), "", 1)
	}
	if got != "" {
		t.Errorf("%s: %#v: %q is among the lines", g.name(), s, got)
	}
	capital := p.stack.code.face.capital()
	if len(p.stack.lines) > 0 && capital <= p.stack.face.capital() {
		t.Errorf("%s: %#v: the code is %d high, the text %d", g.name(), s, capital, p.stack.face.capital())
	}
	if g.Height >= 64 && capital < 10 {
		t.Errorf("%s: %#v: the code is %d high", g.name(), s, capital)
	}
}

func checkFurtherPages(t *testing.T, s Pairing, g Geometry) {
	t.Helper()
	pages := Pages(s, g)
	if pages < 1 || pages > 40 {
		t.Errorf("%s: %d pages for %#v", g.name(), pages, s)
	}
	first, _ := qrread.Read(Render(s, g))
	for g.Page = 1; g.Page < pages; g.Page++ {
		if code, err := qrread.Read(picture(t, s, g)); code != first || (err == nil) != (first.Text != "") {
			t.Errorf("%s: the QR code of %#v does not stay: %v", g.name(), s, err)
		}
	}
}

// checkQR holds a code read from a picture against the rules.
func checkQR(t *testing.T, s Pairing, g Geometry, code qrread.Code, content string) {
	t.Helper()
	want := map[string]string{
		contentComplete: s.VerificationURIComplete,
		contentUpper:    upperHost(s.VerificationURIComplete),
		contentPlain:    s.VerificationURI,
	}[content]
	if code.Text != want && !(content == contentPlain && code.Text == upperHost(want)) {
		t.Errorf("%s: the QR code says %q, want %q (%s)", g.name(), code.Text, want, content)
	}
	if code.Pixels < smallModule || code.Quiet < code.Pixels {
		t.Errorf("%s: %d pixels a module, %d of lit border", g.name(), code.Pixels, code.Quiet)
	}
}

// TestCompleteBeforePlain: what fits with the complete URI must not come with the plain one.
func TestCompleteBeforePlain(t *testing.T) {
	const plain = "https://example.com/device"
	for complete, want := range map[string]string{
		"":                             contentPlain,
		plain + "?user_code=WDJB-MJHT": contentComplete,
		"https://test-org.okta.com/activate?user_code=ZNQZQXQQ":            contentComplete,
		"https://my-very-long-company.us.auth0.com/activate?c=" + "WDJBMJ": contentUpper,
		plain + "?" + strings.Repeat("x", 60):                              contentPlain,
		plain + "?" + strings.Repeat("x", 10000):                           contentPlain,
	} {
		fit := Fit(complete, plain, Geometry{Width: 128, Height: 64})
		if fit.Content != want || fit.ModulePixels != 2 || fit.Version > 3 || fit.Level == "" {
			t.Errorf("%.60s: %+v, want %s", complete, fit, want)
		}
		if dropped := want == contentPlain && complete != ""; dropped != (fit.Dropped != "") {
			t.Errorf("%.60s: dropped %q", complete, fit.Dropped)
		}
	}
	if fit := Fit(plain, plain, Geometry{Width: 128, Height: 32}); fit.Content != contentNone || fit.Dropped == "" || fit.Version != 0 {
		t.Errorf("128x32 holds no QR code, but %+v", fit)
	}
	if fit := Fit("", "", Geometry{Width: 128, Height: 64}); fit != (QRFit{Content: contentNone}) {
		t.Errorf("no URI at all: %+v", fit)
	}
}

// commonServers are the verification URIs of common servers with codes as they spell them.
func commonServers() map[string]string {
	return map[string]string{
		"https://github.com/login/device":                   "WDJB-MJHT",
		"https://www.google.com/device":                     "GQVQ-JKEC",
		"https://microsoft.com/devicelogin":                 "FJC3ZDXQ8",
		"https://login.microsoft.com/device":                "A1B2C3D4E",
		"https://test-org.okta.com/activate":                "ZNQZQXQQ",
		"https://infinyon-cloud.us.auth0.com/activate":      "GLMC-QDDJ",
		"https://keycloak.example.com/realms/a/device":      "WDJB-MJHT",
		"https://zitadel.example.com/device":                "WDJB-MJHT",
		"https://my-tenant.logto.app/device":                "ABCD-EFGH",
		"https://id.example.com/oidc/device/authentication": "019-450-730",
	}
}

// TestCommonServers: on 128x64 the QR code and the user code of common servers stand on the first page, as the
// largest text; the QR code is on the other one too, which has the URI.
func TestCommonServers(t *testing.T) {
	g := Geometry{Width: 128, Height: 64, Name: "Printer"}
	for uri, code := range commonServers() {
		s := Pairing{UserCode: code, VerificationURI: uri, VerificationURIComplete: uri + "?user_code=" + code, Left: time.Minute}
		var p pairing
		p.set(&symbols{}, s, g)
		if !checkPairing(t, s, g) || !p.whole || p.stack.code.face.capital() < 14 {
			t.Errorf("%s: %+v, capitals of %d", uri, Fit(s.VerificationURIComplete, uri, g), p.stack.code.face.capital())
		}
		if n := p.pages(g); n.first != 1 || n.further > 1 {
			t.Errorf("%s: %+v pages", uri, n)
		}
	}
}

// TestCommonServersInAllLanguages: the same on every panel that is sold, in every language, with codes of 6 to 20 characters: the QR
// code stays, the code is the largest text, and paper has one page. 128x32 has no room for a QR code.
func TestCommonServersInAllLanguages(t *testing.T) {
	t.Parallel()
	for _, g := range sold() {
		for _, g.Language = range Languages() {
			for uri, code := range commonServers() {
				checkServer(t, g, Pairing{UserCode: code, VerificationURI: uri, VerificationURIComplete: uri + "?user_code=" + code, Left: 15 * time.Minute})
			}
		}
		g.Language = "en"
		for _, code := range []string{"123456", "WDJBMJHT", "ABC-DEF-GHI", "WDJB-MJHT-KLMN", "ABCDEFGHJKLMNPQRSTUV", "ABCDE-FGHJK-LMNPQ-RSTUV"} {
			checkServer(t, g, Pairing{UserCode: code, VerificationURI: "https://example.com/device", Left: 15 * time.Minute})
		}
	}
}

// checkServer holds the layout; the pictures too on the panel that most people have, where there is least room.
func checkServer(t *testing.T, g Geometry, s Pairing) {
	t.Helper()
	var p pairing
	p.set(&symbols{}, s, g)
	n, drawn := p.pages(g), p.content != contentNone
	if drawn != (g.Height > 32) || !p.whole || n.first != 1 || g.Paper && n.further > 0 {
		t.Errorf("%s: %s: QR code %v, whole %v, %+v pages", g.name(), s.UserCode, drawn, p.whole, n)
	}
	checkText(t, s, g, &p)
	if g.Width == 128 && g.Height == 64 && checkPairing(t, s, g) != drawn {
		t.Errorf("%s: %s: the QR code is not in the picture", g.name(), s.UserCode)
	}
}

// TestLongCodesBesideQR: codes of 20 characters stand whole beside a QR code on 128x64.
func TestLongCodesBesideQR(t *testing.T) {
	g := Geometry{Width: 128, Height: 64}
	for _, code := range []string{"ABCDEFGHJKLMNPQRSTUV", "ABCDE-FGHJK-LMNPQ-RS", "12345678901234567890", "WWWWWWWWWWWWWWWWWWWW", "ab-cd-ef-gh-ij-kl-mn"} {
		s := Pairing{UserCode: code, VerificationURI: "https://example.com/device"}
		if !checkPairing(t, s, g) {
			t.Errorf("no QR code beside %q", code)
		}
	}
}

// FuzzRender throws anything at Render: it must not panic, and keep the edges free.
func FuzzRender(f *testing.F) {
	f.Add("WDJB-MJHT", "https://example.com/device", "https://example.com/device?user_code=WDJB-MJHT", uint16(128), uint16(64), true)
	f.Add("", "", "", uint16(0), uint16(0), false)
	f.Add("\u202eabc\x00\xff", "http://ü/\xff", "x", uint16(96), uint16(32), false)
	f.Add(strings.Repeat("W", 64), strings.Repeat("é/", 200), "", uint16(96), uint16(33), true)
	f.Fuzz(func(t *testing.T, code, plain, complete string, w, h uint16, paper bool) {
		g := Geometry{Width: int(w) % 420, Height: int(h) % 320, Paper: paper}
		for _, s := range []Screen{
			Pairing{UserCode: code, VerificationURI: plain, VerificationURIComplete: complete},
			Paired{Account: plain}, Problem{Code: code, Detail: plain}, Press{}, TestCard{Panel: code},
		} {
			for g.Page = range min(Pages(s, g), 5) {
				if g.Width >= 96 && g.Height >= 32 {
					picture(t, s, g)
				} else {
					Render(s, g)
				}
			}
		}
	})
}
