//go:build real

package display_test

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/paird/paird/display"
	"github.com/paird/paird/display/internal/camera"
)

// zbar reads the QR codes of a picture with zbarimg (Debian: zbar-tools).
func zbar(m image.Image) (string, error) {
	var in, out, diagnosis bytes.Buffer
	if err := png.Encode(&in, m); err != nil {
		return "", err
	}
	c := exec.Command("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-")
	c.Stdin, c.Stdout, c.Stderr = &in, &out, &diagnosis
	err := c.Run()
	if exit, ok := err.(*exec.ExitError); ok && exit.ExitCode() == 4 { // no symbol was found
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("zbarimg: %w %s", err, diagnosis.String())
	}
	return strings.TrimSuffix(out.String(), "\n"), nil
}

// situation is a pairing screen on a panel.
type situation struct {
	panel  display.Geometry
	screen display.Pairing
}

func (s situation) String() string {
	return fmt.Sprintf("%dx%d %s", s.panel.Width, s.panel.Height, s.screen.VerificationURIComplete+s.screen.VerificationURI)
}

// situations are all panels that hold a QR code, with the URIs of well-known servers.
func situations() (all []situation) {
	for _, g := range []display.Geometry{
		{Width: 96, Height: 64}, {Width: 128, Height: 64}, {Width: 128, Height: 128}, {Width: 200, Height: 200, Paper: true},
		{Width: 212, Height: 104, Paper: true, Accent: true}, {Width: 250, Height: 122, Paper: true},
		{Width: 296, Height: 128, Paper: true}, {Width: 400, Height: 300, Paper: true},
	} {
		for _, s := range []display.Pairing{
			{UserCode: "WDJB-MJHT", VerificationURI: "https://github.com/login/device"},
			{UserCode: "GQVQJKEC", VerificationURI: "https://www.google.com/device"},
			{UserCode: "ZNQZQXQQ", VerificationURI: "https://test-org.okta.com/activate",
				VerificationURIComplete: "https://test-org.okta.com/activate?user_code=ZNQZQXQQ"},
			{UserCode: "GLMC-QDDJ", VerificationURI: "https://infinyon-cloud.us.auth0.com/activate",
				VerificationURIComplete: "https://infinyon-cloud.us.auth0.com/activate?user_code=GLMC-QDDJ"},
			{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device",
				VerificationURIComplete: "https://example.com/device?user_code=WDJB-MJHT"},
		} {
			all = append(all, situation{g, s})
		}
	}
	return all
}

// accepts reports whether the text is what the QR code should say.
func (s situation) accepts(text string) bool {
	plain, complete := s.screen.VerificationURI, s.screen.VerificationURIComplete
	switch display.Fit(complete, plain, s.panel).Content {
	case "complete":
		return text == complete
	case "complete, host upper-cased":
		return text != complete && strings.EqualFold(text, complete)
	case "plain":
		return strings.EqualFold(text, plain) && strings.HasPrefix(text, "https://")
	}
	return text == ""
}

// TestRealStraight reads every QR code as it is drawn, each pixel enlarged four times: all must be read,
// and where there is none nothing must be.
func TestRealStraight(t *testing.T) {
	parallel(t, situations(), func(s situation) {
		picture := camera.Enlarge(display.Render(s.screen, s.panel), 4)
		text, err := zbar(picture)
		if err != nil || !s.accepts(text) {
			t.Errorf("%v: read %q (%v)", s, text, err)
		}
	})
}

// shots are taken of each situation at each distance.
const shots = 8

// TestRealCamera reads the QR codes through a simulated camera at 1.5 and 2 camera pixels per panel
// pixel: of all shots at least 95 % must be read, and none wrongly.
func TestRealCamera(t *testing.T) {
	for _, scale := range []float64{1.5, 2} {
		var mu sync.Mutex
		taken, read := 0, 0
		parallel(t, situations(), func(s situation) {
			if s.accepts("") {
				return
			}
			good := 0
			for seed := range uint64(shots) {
				shot := camera.Shot{Scale: scale, Blur: 0.7, Noise: 6, OLED: !s.panel.Paper, Seed: seed}
				text, err := zbar(camera.Take(display.Render(s.screen, s.panel), shot))
				if err != nil {
					t.Error(err)
				}
				if s.accepts(text) {
					good++
				} else if text != "" {
					t.Errorf("%v: misread as %q", s, text)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			taken, read = taken+shots, read+good
			if good < shots {
				t.Logf("%v at %v: %d of %d", s, scale, good, shots)
			}
		})
		t.Logf("at %v camera pixels a panel pixel %d of %d shots were read", scale, read, taken)
		if taken == 0 || read*100 < taken*95 {
			t.Errorf("at %v camera pixels a panel pixel only %d of %d shots were read", scale, read, taken)
		}
	}
}

// TestRealCameraBites: from twice as far away the same codes cannot be read, so the simulation is not kind.
func TestRealCameraBites(t *testing.T) {
	s := situation{display.Geometry{Width: 128, Height: 64},
		display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://github.com/login/device"}}
	read := 0
	for seed := range uint64(shots) {
		shot := camera.Shot{Scale: 0.75, Blur: 0.7, Noise: 6, OLED: true, Seed: seed}
		text, err := zbar(camera.Take(display.Render(s.screen, s.panel), shot))
		if err != nil {
			t.Fatal(err)
		}
		if s.accepts(text) {
			read++
		}
	}
	if read > shots/2 {
		t.Errorf("%d of %d shots were read from much too far", read, shots)
	}
}

// parallel runs f on all situations, four at a time.
func parallel(t *testing.T, all []situation, f func(situation)) {
	t.Helper()
	var wg sync.WaitGroup
	room := make(chan struct{}, 4)
	for _, s := range all {
		room <- struct{}{}
		wg.Go(func() {
			f(s)
			<-room
		})
	}
	wg.Wait()
}
