package daemon

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// A configuration that cannot be used says so on the panel of which it can be read, in its language, and the picture stays.
func TestShowFault(t *testing.T) {
	file := filepath.Join(t.TempDir(), "panel.png")
	cfg, err := config.Parse(strings.NewReader("[device]\nname = 'Lamp'\n[auth]\nissuer = https://auth.example\n[display]\npanel = 'png'\nsize = '128x64'\nlanguage = 'de'\n[png]\nfile = '" + file + "'\n"))
	if err == nil {
		t.Fatal("no mistake")
	}
	ShowFault(t.Context(), cfg, 4, Options{})
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := png.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	want := display.Render(display.Settings{State: display.Wrong, Line: 4}, display.Geometry{Width: 128, Height: 64, Name: "Lamp", Language: "de"})
	for y := range 64 {
		for x := range 128 {
			r, _, _, _ := got.At(x, y).RGBA()
			if lit, _, _, _ := want.At(x, y).RGBA(); lit != r {
				t.Fatalf("the picture differs at %d,%d", x, y)
			}
		}
	}
}

// Without a panel, or with one that is configured wrongly, there is nothing to show and nothing fails.
func TestShowFaultNowhere(t *testing.T) {
	for _, text := range []string{"", "[display]\npanel = 'nosuch'\n", "[display]\npanel = 'sim'\n", "[display]\npanel = 'png'\n"} {
		cfg, _ := config.Parse(strings.NewReader(text))
		ShowFault(t.Context(), cfg, 1, Options{})
	}
	ShowFault(t.Context(), config.Config{}, 0, Options{})
}
