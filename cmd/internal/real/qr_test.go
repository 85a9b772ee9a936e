//go:build real

package real

import (
	"bytes"
	"image"
	"image/png"
	"os/exec"
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
	if _, err := exec.LookPath("zbarimg"); err != nil {
		t.Fatalf("%v: run scripts/setup-real.sh", err)
	}
	out, code := run(t, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", write(t, "panel.png", enlarged.Bytes()))
	if code != 0 {
		return ""
	}
	return strings.TrimSuffix(out, "\n")
}
