//go:build real

package real

import (
	"bytes"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/image/draw"

	"github.com/paird/paird/cmd/internal/e2e"
)

// zoom is how many pixels of the picture one pixel of the panel has: what a camera would see of it.
const zoom = 6

// readQR lets Debian's zbarimg look at the panel; "" where it sees no code.
func readQR(t testing.TB, frame []byte) string {
	t.Helper()
	if len(frame) == 0 {
		return ""
	}
	panel := e2e.Must(png.Decode(bytes.NewReader(frame)))(t)
	size := panel.Bounds().Size().Mul(zoom)
	picture := image.NewRGBA(image.Rectangle{Max: size})
	draw.NearestNeighbor.Scale(picture, picture.Bounds(), panel, panel.Bounds(), draw.Src, nil)
	var enlarged bytes.Buffer
	if err := png.Encode(&enlarged, picture); err != nil {
		t.Fatal(err)
	}
	out, code := e2e.Run(t, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", e2e.Write(t, "panel.png", enlarged.String()))
	if code == 4 { // no code in the picture
		return ""
	}
	if code != 0 {
		t.Fatalf("zbarimg: exit %d: %s", code, out)
	}
	return strings.TrimSuffix(out, "\n")
}

// sameAddress compares two addresses as the web does: the host in any case (RFC 3986 section 6.2.2.1).
func sameAddress(t testing.TB, a, b string) bool {
	t.Helper()
	u, v := e2e.Must(url.Parse(a))(t), e2e.Must(url.Parse(b))(t)
	u.Host, v.Host = strings.ToLower(u.Host), strings.ToLower(v.Host)
	return *u == *v
}
