//go:build real

package board

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
	"github.com/paird/paird/display"
)

// look is the picture that a person sees on the panel.
func (s *scene) look() (*image.Gray, error) {
	var p wire.Picture
	err := s.do("Look", true, &p)
	return &image.Gray{Pix: p.Pix, Stride: p.Width, Rect: image.Rect(0, 0, p.Width, p.Height)}, err
}

// shows waits for a picture.
func (s *scene) shows(what string, want func(*image.Gray) bool) error {
	return s.eventually("the panel shows "+what, func() (bool, error) {
		m, err := s.look()
		if err != nil {
			return false, err
		}
		return want(m), fmt.Errorf("it shows\n%s", drawing(m))
	})
}

// showsCode waits until a reader that is not ours reads the waiting code's address in the controller's memory. Where there is
// no panel the hook has got it, and the LED blinks.
func (s *scene) showsCode() error {
	want, err := s.waiting()
	if err != nil {
		return err
	}
	if s.panel.name == "none" {
		return first(func() error { return s.noted(want.VerificationURIComplete) }, func() error { return s.glows("half of the time", 0.35, 0.65) })
	}
	return s.shows("the QR code of "+want.VerificationURIComplete, func(m *image.Gray) bool {
		return strings.EqualFold(readQR(s, m), want.VerificationURIComplete)
	})
}

// noted waits until an event of the hook has a text.
func (s *scene) noted(text string) error {
	return s.eventually("the hook gets "+text, func() (bool, error) {
		var events []byte
		err := s.do("Get", "/run/events", &events)
		return strings.Contains(string(events), text), errors.Join(err, fmt.Errorf("it got %s", events))
	})
}

// glows waits until the LED is on for a part of the time.
func (s *scene) glows(what string, least, most float64) error {
	return s.eventually("the LED is on "+what, func() (bool, error) {
		var part float64
		err := s.do("Glow", wire.Glow{Line: led, For: 2 * time.Second}, &part)
		return err == nil && least <= part && part <= most, errors.Join(err, fmt.Errorf("it is on for %.2f of the time", part))
	})
}

// zoom is how many pixels of a camera one pixel of the panel has.
const zoom = 6

// readQR lets Debian's zbarimg look at the panel; "" where it sees no code.
func readQR(t testing.TB, m *image.Gray) string {
	var pgm strings.Builder // netpbm's pgm(5)
	fmt.Fprintf(&pgm, "P5 %d %d 255\n", m.Rect.Dx()*zoom, m.Rect.Dy()*zoom)
	for y := range m.Rect.Dy() * zoom {
		for x := range m.Rect.Dx() * zoom {
			pgm.WriteByte(m.Pix[y/zoom*m.Stride+x/zoom])
		}
	}
	out, code := e2e.Run(t, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", e2e.Write(t, "panel.pgm", pgm.String()))
	if code != 0 {
		return ""
	}
	return strings.TrimSuffix(out, "\n")
}

// drawing is the picture as half blocks, for a report.
func drawing(m *image.Gray) string {
	var b strings.Builder
	for y := 0; y+1 < m.Rect.Dy(); y += 2 {
		for x := range m.Rect.Dx() {
			upper, lower := m.Pix[y*m.Stride+x] > 0, m.Pix[(y+1)*m.Stride+x] > 0
			b.WriteString(map[[2]bool]string{{false, false}: " ", {true, false}: "▀", {false, true}: "▄", {true, true}: "█"}[[2]bool{upper, lower}])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// same compares with the pictures of screens.
func (s *scene) same(screens ...display.Screen) func(*image.Gray) bool {
	return func(m *image.Gray) bool {
		g := display.Geometry{Width: m.Rect.Dx(), Height: m.Rect.Dy(), Name: "Kitchen printer", Language: "en", Paper: s.panel.paper}
		return slices.ContainsFunc(screens, func(screen display.Screen) bool { return alike(display.Render(screen, g), m) })
	}
}

func alike(want image.Image, m *image.Gray) bool {
	for i := range m.Pix {
		r, _, _, _ := want.At(i%m.Stride, i/m.Stride).RGBA()
		if (r > 0x7fff) != (m.Pix[i] > 0x7f) {
			return false
		}
	}
	return true
}
