package hal

import (
	"context"
	"errors"
	"log/slog"

	"github.com/paird/paird/hal/sim"
)

// Open opens everything o names, or nothing: an error says what could not be opened. A panel that does not
// answer is not an error here: Board.Fault says so, and every Draw tries it again. ctx bounds the opening; the
// board works until Close.
func Open(ctx context.Context, o Options) (*Board, error) {
	return open(ctx, o, machine{})
}

func open(ctx context.Context, o Options, hw hardware) (*Board, error) {
	if errs := Check(o); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p, _ := find(o)
	edges := newEdges()
	b := &Board{Driver: p.Name, Paper: p.Paper, Accent: p.Accent, Edges: edges.out}
	err := b.open(ctx, hw, o, p, edges)
	b.close = append(b.close, edges.close) // first of all, so that no button waits for a reader who has gone
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Board) open(ctx context.Context, hw hardware, o Options, p PanelInfo, edges *edges) error {
	size := p.size(o)
	switch p.Name {
	case "none":
	case "sim":
		if err := b.openSim(ctx, o, sim.Options{Name: o.Name, Size: view(size, o.Rotate), Paper: o.Paper, Press: edges.put}); err != nil {
			return err
		}
	case "png":
		b.Panel, b.Paper = newPNG(o.PNGFile, view(size, o.Rotate), o.Paper), o.Paper
	case "terminal":
		if o.Terminal == nil {
			return errors.New("display.panel = \"terminal\": there is no terminal to draw on")
		}
		b.Panel = newTerminal(o.Terminal, view(size, o.Rotate))
		b.openKeys(o, edges)
	default:
		b.openPhysical(hw, o, p)
	}
	return errors.Join(b.openButton(hw, o, edges), b.openLED(hw, o))
}

// openPhysical makes the panel; whether it answers is Fault's to say.
func (b *Board) openPhysical(hw hardware, o Options, p PanelInfo) {
	panel := newPhysical(p.size(o), p.Accent, o.Rotate, o.Log, func() (*device, error) { return openDevice(hw, p, o) })
	panel.glows = !p.Paper
	b.Panel, b.Fault = panel, panel.probe()
	b.close = append(b.close, panel.keep())
}

// openSim serves the simulator's page and takes panel, button and LED from it.
func (b *Board) openSim(ctx context.Context, o Options, so sim.Options) error {
	s := sim.New(so)
	b.close = append(b.close, s.Close)
	url, err := s.Listen(ctx, o.SimListen)
	if err != nil {
		return err
	}
	b.Panel, b.Paper, b.LED, b.URL = s, so.Paper, s.LED, url
	return nil
}

// Close lets go of all hardware, last opened first. The panel keeps what it shows unless it was halted.
func (b *Board) Close() error {
	var errs []error
	for len(b.close) > 0 {
		last := len(b.close) - 1
		errs = append(errs, b.close[last]())
		b.close = b.close[:last]
	}
	return errors.Join(errs...)
}
