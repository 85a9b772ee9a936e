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
)

// zoom is how many pixels of the picture one pixel of the panel has: what a camera would see of it.
const zoom = 6

// readQR lets Debian's zbarimg look at the panel; "" where it sees no code.
func readQR(t *testing.T, frame []byte) string {
	t.Helper()
	if len(frame) == 0 {
		return ""
	}
	panel := must(png.Decode(bytes.NewReader(frame)))(t)
	size := panel.Bounds().Size().Mul(zoom)
	picture := image.NewRGBA(image.Rectangle{Max: size})
	draw.NearestNeighbor.Scale(picture, picture.Bounds(), panel, panel.Bounds(), draw.Src, nil)
	var enlarged bytes.Buffer
	if err := png.Encode(&enlarged, picture); err != nil {
		t.Fatal(err)
	}
	out, code := run(t, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", write(t, "panel.png", enlarged.Bytes()))
	if code == 4 { // no code in the picture
		return ""
	}
	if code != 0 {
		t.Fatalf("zbarimg: exit %d: %s", code, out)
	}
	return strings.TrimSuffix(out, "\n")
}

// sameAddress compares two addresses as the web does: the host in any case (RFC 3986 section 6.2.2.1).
func sameAddress(t *testing.T, a, b string) bool {
	t.Helper()
	u, v := must(url.Parse(a))(t), must(url.Parse(b))(t)
	u.Host, v.Host = strings.ToLower(u.Host), strings.ToLower(v.Host)
	return *u == *v
}
