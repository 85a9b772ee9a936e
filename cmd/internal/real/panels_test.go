//go:build real

package real

import (
	"bytes"
	"fmt"
	"image/png"
	"testing"
	"time"

	"github.com/paird/paird/display"
)

// Every size of panel, with codes and addresses as servers give them: zbarimg reads what the server said, or
// there is no QR code where none can be.
func TestPanelsScan(t *testing.T) {
	panels := []display.Geometry{
		{Width: 128, Height: 64}, {Width: 128, Height: 128},
		{Width: 200, Height: 200, Paper: true}, {Width: 212, Height: 104, Paper: true, Accent: true},
		{Width: 250, Height: 122, Paper: true}, {Width: 296, Height: 128, Paper: true},
	}
	const code = "WDJB-MJHT"
	// The plain address fits version 3 at level L (53 bytes), the complete one of each row fits where it says.
	for _, test := range []struct {
		uri      string
		complete string // after uri
		fits64   bool   // the complete one, into 64 rows at 2 pixels a module
	}{
		{"https://example.com/device", "?user_code=" + code, true},
		{"https://auth.example.com/realms/home/device", "?user_code=" + code, false},
		{"https://login.microsoftonline.com/common/oauth2/deviceauth", "?user_code=" + code, false},
	} {
		for _, g := range panels {
			g.Language = "en"
			screen := display.Pairing{UserCode: code, VerificationURI: test.uri, VerificationURIComplete: test.uri + test.complete, Left: 10 * time.Minute}
			var frame bytes.Buffer
			if err := png.Encode(&frame, display.Render(screen, g)); err != nil {
				t.Fatal(err)
			}
			got, name := readQR(t, frame.Bytes()), fmt.Sprintf("%dx%d", g.Width, g.Height)
			switch {
			case sameAddress(t, got, screen.VerificationURIComplete):
			case g.Height > 64 || test.fits64:
				t.Errorf("%s: the QR code says %q, want %q", name, got, screen.VerificationURIComplete)
			case got != "" && !sameAddress(t, got, test.uri):
				t.Errorf("%s: the QR code says %q, which was not asked for", name, got)
			}
		}
	}
}
