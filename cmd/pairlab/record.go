package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bench"
	"github.com/paird/paird/hal/bustest"
)

// recordOptions are those of `pairlab record`.
type recordOptions struct {
	config   string // paird's own file
	board    string // in place of it
	file     string
	hardware hal.Hardware
}

func recordFlags(args []string, stderr io.Writer) (recordOptions, error) {
	o := recordOptions{hardware: hal.Machine{}}
	f := flag.NewFlagSet("pairlab record", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.config, "config", "/etc/paird/paird.toml", "`file` that names panel, bus and pins")
	f.StringVar(&o.board, "board", "", "`name` of a board that is sold, in place of a file, such as waveshare-2in13-v4")
	f.StringVar(&o.file, "o", "panel.txt", "`file` to write; it must not exist yet")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("record: unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

// boardOnly is a configuration that is valid but for what display.board sets.
const boardOnly = "[auth]\nissuer = \"https://auth.example.com\"\nclient_id = \"printer\"\n[display]\nboard = %q\n"

func (o recordOptions) load() (config.Config, error) {
	if o.board == "" {
		return config.Load(o.config)
	}
	if _, ok := hal.FindBoard(o.board); !ok {
		return config.Config{}, usageError{fmt.Errorf("--board %q: config/panels.md has a list of boards", o.board)}
	}
	return config.Parse(strings.NewReader(fmt.Sprintf(boardOnly, o.board)))
}

// record draws the life of the screens on the panel. What goes wrong is recorded too: the file is written all the same.
func record(ctx context.Context, o recordOptions, stdout io.Writer) (err error) {
	cfg, err := o.load()
	if err != nil {
		return err
	}
	cfg = daemon.WithBoard(cfg)
	ho := daemon.Hardware(cfg, deviceName, stdout, slog.New(slog.DiscardHandler))
	ho.ButtonPin, ho.LEDPin = "", ""
	p, ok := physical(ho.Panel)
	if !ok {
		return fmt.Errorf("display.panel: %q has no wires to record; name a panel in %s, or a board with --board", ho.Panel, o.config)
	}
	file, err := os.OpenFile(o.file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("%w; give another file with -o", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r := bench.NewRecorder(o.hardware, ho, p.Paper)
	ho.Hardware = r
	t, failed := recordPanel(ctx, r, ho, cfg, stdout)
	if err := t.Write(file); err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	fmt.Fprintf(stdout, "%s: %d events; \"pairlab replay %s\" shows them\n", o.file, len(t.Events), o.file)
	return failed
}

// physical returns the panel of a name if it is hardware.
func physical(name string) (hal.PanelInfo, bool) {
	all := hal.Panels()
	i := slices.IndexFunc(all, func(p hal.PanelInfo) bool { return p.Name == name && p.Open != nil })
	if i < 0 {
		return hal.PanelInfo{}, false
	}
	return all[i], true
}

func recordPanel(ctx context.Context, r *bench.Recorder, o hal.Options, cfg config.Config, stdout io.Writer) (bustest.Traffic, error) {
	t := bustest.Traffic{Panel: o.Panel, Version: version}
	r.Operation("open")
	b, err := hal.Open(ctx, o)
	if err == nil {
		t.Panel, t.Size = b.Driver, b.Panel.Bounds().Size()
		if o.Rotate%180 != 0 {
			t.Size.X, t.Size.Y = t.Size.Y, t.Size.X
		}
		err = errors.Join(drawAll(ctx, r, b, cfg, stdout), b.Close())
	}
	_ = r.Failed(err) // the caller returns it
	t.Events = r.Events()
	return t, err
}

// shot is a screen and how it comes on paper.
type shot struct {
	name   string
	screen display.Screen
	full   bool
}

// shots are the life of a panel: each way in which the daemon draws.
func shots(panel string) []shot {
	code := display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", Left: 10 * time.Minute}
	return []shot{
		{"testcard", display.TestCard{Panel: panel, Version: version}, true},
		{"press", display.Press{}, true},
		{"holding", display.Holding{Left: 2 * time.Second}, false},
		{"pairing", code, true},
		{"paired", display.Paired{Account: "Alice"}, true},
		{"online", display.Online{Account: "Alice", Sent: 41}, false},
		{"figures", display.Online{Account: "Alice", Sent: 42}, false},
	}
}

func drawAll(ctx context.Context, r *bench.Recorder, b *hal.Board, cfg config.Config, stdout io.Writer) error {
	g := daemon.Geometry(cfg, b)
	g.Name = deviceName
	for _, s := range shots(b.Driver) {
		if err := ctx.Err(); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "%s ...\n", s.name)
		r.Operation(s.name)
		if f, ok := b.Panel.(interface{ Full() error }); ok && s.full {
			if err := f.Full(); err != nil {
				return err
			}
		}
		if err := b.Panel.Draw(b.Panel.Bounds(), display.Render(s.screen, g), image.Point{}); err != nil {
			return err
		}
	}
	r.Operation("sleep")
	return b.Panel.Halt()
}
