package daemon_test

import (
	"context"
	"fmt"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/display/displaytest"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

// printer is a product's own panel: any display.Drawer of periph's. This one keeps the picture in memory, and says when it
// was given one.
type printer struct {
	displaytest.Drawer
	drawn func()
}

func (p *printer) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	defer p.drawn()
	return p.Drawer.Draw(r, src, sp)
}

// A product with a panel that paird does not know has a main of its own: one row for the panel, the rest is the daemon.
func Example() {
	dir, err := os.MkdirTemp("", "paird")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	cfg, err := config.Parse(strings.NewReader(`
[auth]
issuer = "https://auth.example.com"
client_id = "printer"
[display]
panel = "printer"
rotate = 180
[device]
state_dir = "` + filepath.Join(dir, "state") + `"
[control]
socket = "` + filepath.Join(dir, "sock") + `"
`))
	if err != nil {
		panic(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	glass := &printer{displaytest.Drawer{Img: image.NewNRGBA(image.Rect(0, 0, 160, 80))}, stop}
	panels := []hal.PanelInfo{{
		Name: "printer", Sizes: []image.Point{{X: 160, Y: 80}},
		Open: func(*hal.Wiring) (display.Drawer, error) { return glass, nil },
	}}
	err = daemon.Run(ctx, cfg, daemon.Options{Panels: panels, Log: slog.New(slog.DiscardHandler)})
	lit := 0
	for i := 0; i < len(glass.Img.Pix); i += 4 {
		if glass.Img.Pix[i] == 0xff {
			lit++
		}
	}
	fmt.Println(err, lit > 100, lit < 160*80/2)
	// Output: <nil> true true
}
