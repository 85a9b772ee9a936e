package daemon

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// A look without a daemon shows the test card, and touches no file but the panel's.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "panel.png")
	cfg, err := config.Parse(strings.NewReader("[auth]\nissuer = 'https://auth.example.com'\nclient_id = 'x'\n" +
		"[device]\nstate_dir = '" + dir + "/state'\n[display]\npanel = 'png'\nsize = '128x64'\n[png]\nfile = '" + file + "'\n"))
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		b, end, err := Look(t.Context(), cfg, Options{Version: "1.2.3", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		var want bytes.Buffer
		card := display.Render(display.TestCard{Panel: "png", Version: "1.2.3"}, Geometry(cfg, b))
		if err := display.EncodePNG(&want, card); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("the panel does not show the test card: %v", err)
		}
		if err := end(); err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(dir + "/state"); err == nil {
		t.Error("the state directory was made")
	}
}

// A panel that does not answer cannot be looked at.
func TestLookAtNothing(t *testing.T) {
	cfg, err := config.Parse(strings.NewReader("[auth]\nissuer = 'https://auth.example.com'\nclient_id = 'x'\n" +
		"[display]\npanel = 'ssd1306'\nbus = 'I2C77'\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := Look(t.Context(), cfg, Options{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("no error")
	}
}

// The LED is off in the end.
func TestBlink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer stop()
		var seen []bool
		blink(ctx, func(on bool) error { seen = append(seen, on); return nil })
		if want := []bool{true, false, true, false}; !slices.Equal(seen, want) {
			t.Errorf("%v", seen)
		}
	})
}
