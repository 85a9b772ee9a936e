package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/paird/paird/display"
)

var update = flag.Bool("update", false, "write the golden pictures")

// TestGolden compares all screens, panels and languages with the pictures under testdata: a sheet for
// each panel and language, one pixel a panel pixel.
func TestGolden(t *testing.T) {
	for _, g := range panels() {
		for _, g.Language = range display.Languages() {
			name := filepath.Join("testdata", fmt.Sprintf("%dx%d-%s.png", g.Width, g.Height, g.Language))
			t.Run(filepath.Base(name), func(t *testing.T) { golden(t, name, g) })
		}
	}
}

func golden(t *testing.T, name string, g display.Geometry) {
	t.Parallel()
	got := sheet(samples(), g, 4, 1, false)
	if *update {
		if err := save(name, got); err != nil {
			t.Fatal(err)
		}
	}
	same(t, name, got)
}

// again makes the pictures that the tests compare with.
const again = "`go test ./display/internal/gallery -update` or, for those of the README, `make pictures`"

// same compares the picture in a file with what is drawn now.
func same(t *testing.T, name string, got *image.Paletted) {
	t.Helper()
	want := decode(t, name)
	if want.Bounds() != got.Bounds() {
		t.Fatalf("the sheet is %v, the golden one %v; look at it after %s", got.Bounds(), want.Bounds(), again)
	}
	if p, ok := want.(*image.Paletted); !ok || !bytes.Equal(p.Pix, got.Pix) {
		t.Fatal("the pictures differ; look at the sheet after " + again)
	}
}

// TestPictures: the README's pictures of panels are what is drawn now.
func TestPictures(t *testing.T) {
	for name, picture := range pictures() {
		t.Run(name, func(t *testing.T) { same(t, filepath.Join("../../../scripts/pictures", name), picture) })
	}
}

// TestDemoPicture: the panel in the README's picture of the demo shows what is drawn now. The page paints a panel pixel
// as a square of three pixels, darker and lighter by the light that falls on the glass.
func TestDemoPicture(t *testing.T) {
	const scale = 3
	demo := decode(t, "../../../scripts/pictures/demo.png")
	g := display.Geometry{Width: 128, Height: 64, Name: deviceName}
	want := display.Render(display.Paired{Account: "Alice"}, g).(*image.Paletted)
	at := func(corner image.Point) bool {
		for i, lit := range want.Pix {
			x, y := corner.X+i%g.Width*scale+scale/2, corner.Y+i/g.Width*scale+scale/2
			if bright := color.GrayModel.Convert(demo.At(x, y)).(color.Gray).Y > 127; bright != (lit == 1) {
				return false
			}
		}
		return true
	}
	for y := range demo.Bounds().Dy() - g.Height*scale {
		for x := range demo.Bounds().Dx() - g.Width*scale {
			if at(image.Pt(x, y)) {
				return
			}
		}
	}
	t.Error("the panel in demo.png shows something else; look at it after `make pictures`")
}

func decode(t *testing.T, name string) image.Image {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
