package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
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
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
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
