package hal

import (
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestOpenNone(t *testing.T) {
	b, err := Open(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if b.Panel != nil || b.LED != nil || b.Edges == nil || b.Driver != "none" {
		t.Errorf("board %+v", b)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenSim(t *testing.T) {
	b, err := Open(t.Context(), Options{Panel: "sim", EncodePNG: png.Encode, Size: image.Pt(250, 122), Paper: true, Rotate: 90, SimListen: "127.0.0.1:0", SimOpen: true})
	if err != nil {
		t.Fatal(err)
	}
	if b.Panel.Bounds() != image.Rect(0, 0, 122, 250) || !b.Paper || b.LED == nil {
		t.Errorf("board %+v, bounds %v", b, b.Panel.Bounds())
	}
	res, err := http.Post(b.URL+"down", "", nil)
	if err != nil || res.StatusCode != http.StatusNoContent {
		t.Fatal(res, err)
	}
	if e := <-b.Edges; !e.Down || time.Since(e.At) > time.Minute {
		t.Errorf("edge %v", e)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

func TestPicturesNeedAnEncoder(t *testing.T) {
	for _, o := range []Options{{Panel: "sim", SimListen: "127.0.0.1:0"}, {Panel: "png", PNGFile: filepath.Join(t.TempDir(), "panel.png")}} {
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "EncodePNG") {
			t.Errorf("%s: %v", o.Panel, err)
		}
	}
}

func TestPNGIsReplacedWhole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "panel.png")
	b, err := Open(t.Context(), Options{Panel: "png", EncodePNG: png.Encode, PNGFile: file, Size: image.Pt(20, 10)})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []color.Color{color.White, color.Black} {
		if err := b.Panel.Draw(b.Panel.Bounds(), image.NewUniform(c), image.Point{}); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := png.Decode(f)
		if err != nil || m.Bounds() != image.Rect(0, 0, 20, 10) || color.GrayModel.Convert(m.At(19, 9)) != color.GrayModel.Convert(c) {
			t.Errorf("%v: %v, %v", c, m, err)
		}
		_ = f.Close()
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.RemoveAll(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	if err := b.Panel.Draw(b.Panel.Bounds(), image.White, image.Point{}); err == nil {
		t.Error("no error though the directory is gone")
	}
}

func TestTerminalRedrawsInPlace(t *testing.T) {
	var out strings.Builder
	b, err := Open(t.Context(), Options{Panel: "terminal", Terminal: &out, Size: image.Pt(8, 9)})
	if err != nil {
		t.Fatal(err)
	}
	half := image.NewGray(image.Rect(0, 0, 8, 9))
	half.SetGray(0, 0, color.Gray{Y: 255})
	half.SetGray(1, 1, color.Gray{Y: 255})
	half.SetGray(2, 0, color.Gray{Y: 255})
	half.SetGray(2, 1, color.Gray{Y: 255})
	for range 2 {
		if err := b.Panel.Draw(b.Panel.Bounds(), half, image.Point{}); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != 5 || lines[0] != "\x1b[97;40m▀▄█     \x1b[0m" {
		t.Errorf("first picture: %q", lines)
	}
	out.Reset()
	if err := b.Panel.Draw(b.Panel.Bounds(), image.White, image.Point{}); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(out.String(), "\x1b[5F") || strings.Count(out.String(), "█") != 32 || strings.Count(out.String(), "▀") != 8 {
		t.Errorf("second picture: %q", out.String())
	}
}

// TestSimIsAnyPanel: the simulator has the size, paper, colours and refresh time of a row of the table.
func TestSimIsAnyPanel(t *testing.T) {
	for _, p := range Panels() {
		if len(p.Sizes) == 0 {
			continue
		}
		b, err := Open(t.Context(), Options{Panel: "sim", SimPanel: p.Name, Size: image.Pt(128, 64), EncodePNG: png.Encode, SimListen: "127.0.0.1:0", Rotate: 90})
		if err != nil {
			t.Fatal(err)
		}
		size := p.Size(image.Pt(128, 64))
		if b.Panel.Bounds().Size() != image.Pt(size.Y, size.X) || b.Paper != p.Paper || b.Accent != p.Accent || b.Partial != p.Partial || b.Refresh != p.Refresh || b.Driver != "sim" {
			t.Errorf("%s: %v, %+v", p.Name, b.Panel.Bounds(), b)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}
