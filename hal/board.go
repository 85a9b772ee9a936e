package hal

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/paird/paird/hal/sim"
)

// Options say which hardware there is; the fields are the configuration's keys of the same name.
type Options struct {
	Board        string            // one of Boards; what it sets is in the other fields
	Panel        string            // none|terminal|png|sim|ssd1306|...
	Size         image.Point       // for png, sim and terminal, and to choose between sizes of one controller
	Paper        bool              // sim and png: e-paper in place of an OLED
	Bus          string            // "I2C1", "SPI0.0"
	Address      uint16            // on I2C
	ColumnOffset int               // -1: as the controller is usually wired
	Pins         map[string]string // by role: dc, reset, busy, power
	Rotate       int               // 0, 90, 180, 270 degrees clockwise
	SimPanel     string            // panel = "sim": the panel whose size, paper, colours and refresh times it has; "": Size and Paper
	SimListen    string            // loopback address of the simulator's page
	SimOpen      bool              // the page asks for no token
	PNGFile      string            // panel = "png": each frame replaces this file atomically
	ButtonPin    string            // "" = no button on a pin
	ActiveLow    bool
	LEDPin       string      // "" = no LED
	Name         string      // of the device, for the simulator's title
	More         []PanelInfo // panels besides Panels(): whatever has a display.Drawer of periph's
	Hardware     Hardware    // nil: Machine
	Terminal     io.Writer
	EncodePNG    func(w io.Writer, m image.Image) error // for sim and png
	Log          *slog.Logger
}

// Panel shows pictures. A panel that is hardware also has Full, Contrast and Sleep, as the simulator has.
type Panel interface {
	Bounds() image.Rectangle
	Draw(r image.Rectangle, src image.Image, sp image.Point) error
	Halt() error
}

// Edge is one debounced change of the button.
type Edge struct {
	Down bool
	At   time.Time
}

// Board is the hardware that Open opened. Panel is nil with panel = "none"; LED is nil where there is none.
type Board struct {
	Panel   Panel
	Driver  string // as in the configuration
	Paper   bool
	Accent  bool          // a third colour
	Partial bool          // e-paper that can refresh in part
	Refresh time.Duration // what a full refresh of e-paper takes
	Edges   <-chan Edge   // of all buttons: pin, web page, key; never closed
	LED     func(on bool) error
	URL     string // of the simulator's page, "" where there is none
	Fault   error  // why the panel did not answer when it was opened; nil if it did. Draw goes on trying

	PinFault error // why button or LED could not be opened; nil if they could. AwaitPins goes on trying

	pins      pins
	found     <-chan error // what checks of the panel find; nil: it is no hardware
	close     []func() error
	interrupt func() // nil: no panel makes a caller wait
}

// Interrupt makes the methods of a panel that is slow return at once, now and from now on, so that a program can end: a refresh
// takes up to 45 s. The panel goes on by itself; the board is good for Close only.
func (b *Board) Interrupt() {
	if b.interrupt != nil {
		b.interrupt()
	}
}

// Open opens the hardware that o names. A panel that does not answer and a pin of button or LED that cannot be opened are no errors
// here but in Board.Fault, after which every Draw tries again, and in Board.PinFault. After an error nothing is open. ctx bounds the opening. The board works until Close.
func Open(ctx context.Context, o Options) (*Board, error) {
	if o.Hardware == nil {
		o.Hardware = Machine{}
	}
	return open(ctx, o, o.Hardware)
}

func open(ctx context.Context, o Options, hw Hardware) (*Board, error) {
	if errs := Check(o); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p, _ := find(o)
	if p.Name == "inky" {
		if found, err := detectInky(hw); err == nil {
			p = found
		}
	}
	edges := newEdges()
	b := &Board{Driver: p.Name, Paper: p.Paper, Accent: p.Accent, Partial: p.Partial, Refresh: p.Refresh, Edges: edges.out}
	err := b.open(ctx, hw, o, p, edges)
	b.close = append(b.close, edges.close) // closed first: no button then waits for a reader of Edges
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Board) open(ctx context.Context, hw Hardware, o Options, p PanelInfo, edges *edges) error {
	size := p.Size(o.Size)
	if (p.Name == "sim" || p.Name == "png") && o.EncodePNG == nil {
		return fmt.Errorf("display.panel: %q needs hal.Options.EncodePNG", p.Name)
	}
	switch p.Name {
	case "none":
	case "sim":
		if err := b.openSim(ctx, o, edges); err != nil {
			return err
		}
	case "png":
		b.Panel, b.Paper = newPNG(o.PNGFile, o.EncodePNG, view(size, o.Rotate), o.Paper), o.Paper
	case "terminal":
		if o.Terminal == nil {
			return errors.New("display.panel: \"terminal\" needs a terminal to draw on, and there is none")
		}
		b.Panel = newTerminal(o.Terminal, view(size, o.Rotate))
		b.openKeys(o, edges)
	default:
		b.openPhysical(hw, o, p)
	}
	b.openPins(hw, o, edges)
	return nil
}

// openPhysical makes a panel that is hardware. If it does not answer, the error goes into Fault.
func (b *Board) openPhysical(hw Hardware, o Options, p PanelInfo) {
	panel := newPhysical(p.Size(o.Size), p.Accent, o.Rotate, o.Log, func() (*device, error) { return openDevice(hw, p, o) })
	panel.glows = !p.Paper
	b.Panel, b.Fault, b.found = panel, panel.probe(), panel.found
	b.interrupt = sync.OnceFunc(func() { close(panel.interrupted) })
	b.close = append(b.close, panel.start())
}

// WatchPanel reports until ctx ends what is found between Draws: the error of a panel that does not answer any more, nil of one that
// answers again. A Draw returns its own error.
func (b *Board) WatchPanel(ctx context.Context, report func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case err := <-b.found:
			report(err)
		}
	}
}

// simulated is the panel that the simulator stands for.
func simulated(o Options) PanelInfo {
	if p, ok := find(Options{Panel: o.SimPanel, More: o.More}); ok && o.SimPanel != "" {
		return p
	}
	return PanelInfo{Paper: o.Paper}
}

// openSim serves the simulator's page, which has a panel, a button and an LED.
func (b *Board) openSim(ctx context.Context, o Options, edges *edges) error {
	p := simulated(o)
	b.Paper, b.Accent, b.Partial, b.Refresh = p.Paper, p.Accent, p.Partial, p.Refresh
	so := sim.Options{Name: o.Name, EncodePNG: o.EncodePNG, Size: view(p.Size(o.Size), o.Rotate), Paper: p.Paper, Accent: p.Accent, Full: p.Refresh, Open: o.SimOpen, Press: edges.put}
	if p.Partial {
		so.Part = partialTime
	}
	s := sim.New(so)
	b.close, b.interrupt = append(b.close, s.Close), func() { _ = s.Close() } // it has no error
	url, err := s.Listen(ctx, o.SimListen)
	if err != nil {
		return err
	}
	b.Panel, b.LED, b.URL = s, s.LED, url
	return nil
}

// partialTime is what a partial refresh takes (Waveshare's manuals: 0.3 s).
const partialTime = 300 * time.Millisecond

// Close closes all hardware, last opened first. The panel keeps what it shows unless it was halted.
func (b *Board) Close() error {
	var errs []error
	for len(b.close) > 0 {
		last := len(b.close) - 1
		errs = append(errs, b.close[last]())
		b.close = b.close[:last]
	}
	return errors.Join(errs...)
}
