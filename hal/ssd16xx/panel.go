package ssd16xx

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"slices"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/internal/ink"
)

// Opts name a module.
type Opts struct {
	Module string // one of Modules
}

// Dev is a module. Its methods must not be called at the same time.
type Dev struct {
	m     module
	w     wires
	frame *image.Paletted
	next  planes // the frame, as the RAMs hold it
	shown planes // what the paper shows, while known

	known    bool // the paper shows what shown says
	awake    bool // the controller is initialised
	synced   bool // both RAMs hold shown
	fullNext bool
}

// planes are the two RAMs: black and white (command 24: 1 is white), red (command 26: 1 is red; on paper without red the
// old picture).
type planes struct{ bw, red []byte }

var _ display.Drawer = (*Dev)(nil)

// New returns a module. Nothing is sent before the first Draw.
func New(port spi.Port, dc, reset gpio.PinOut, busy gpio.PinIn, o *Opts) (*Dev, error) {
	all := modules()
	i := slices.IndexFunc(all, func(m module) bool { return m.Name == o.Module })
	if i < 0 {
		return nil, fmt.Errorf("%s: no such e-paper module", o.Module)
	}
	w, err := newWires(port, dc, reset, busy)
	if err != nil {
		return nil, err
	}
	m := all[i]
	size := m.columns / 8 * m.rows
	return &Dev{m: m, w: w, frame: ink.New(m.Size, m.Accent),
		next:  planes{make([]byte, size), make([]byte, size)},
		shown: planes{make([]byte, size), make([]byte, size)}}, nil
}

// String names the module and what it hangs on.
func (p *Dev) String() string { return p.m.Name + "{" + p.w.conn.String() + "}" }

// ColorModel is black and white, and red where the paper has it.
func (p *Dev) ColorModel() color.Model { return p.frame.Palette }

// Bounds is the module in landscape.
func (p *Dev) Bounds() image.Rectangle { return p.frame.Rect }

// Full makes the next Draw a full refresh, which flashes and removes what earlier pictures left.
func (p *Dev) Full() error {
	p.fullNext = true
	return nil
}

// Draw shows src, from sp on, in r: by a partial refresh where the module can and the picture before is known, else by a
// full one. It takes 0.3 to 30 s. A picture that is shown already costs nothing. After an error the controller is reset
// and the paper refreshed wholly by the next Draw.
func (p *Dev) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	ink.Draw(p.frame, r, src, sp)
	p.pack()
	if p.known && !p.fullNext && p.next.equal(p.shown) {
		return nil
	}
	if err := p.refresh(); err != nil {
		p.known, p.awake = false, false
		return fmt.Errorf("%s: %w", p.m.Name, err)
	}
	copy(p.shown.bw, p.next.bw)
	copy(p.shown.red, p.next.red)
	p.known, p.fullNext = true, false
	return nil
}

func (a planes) equal(b planes) bool { return bytes.Equal(a.bw, b.bw) && bytes.Equal(a.red, b.red) }

// pack turns the frame into the planes; what lies beside the glass stays white.
func (p *Dev) pack() {
	for i := range p.next.bw {
		p.next.bw[i], p.next.red[i] = 0xff, 0
	}
	for y := range p.m.Size.Y {
		for x, c := range p.frame.Pix[y*p.frame.Stride:][:p.m.Size.X] {
			if c == ink.White {
				continue
			}
			column, row := p.m.place(x, y)
			at, bit := row*(p.m.columns/8)+column/8, byte(0x80)>>(column%8)
			if c == ink.Accent {
				p.next.red[at] |= bit
			} else {
				p.next.bw[at] &^= bit
			}
		}
	}
}

// Probe finds out whether the controller lets go of BUSY after a reset.
func (p *Dev) Probe() error {
	if err := p.start(); err != nil {
		p.awake = false
		return fmt.Errorf("%s: %w", p.m.Name, err)
	}
	return nil
}

// Sleep puts the controller into deep sleep; the paper keeps its picture. The next Draw wakes it by a reset.
func (p *Dev) Sleep() error {
	if !p.awake {
		return nil
	}
	p.awake = false
	return p.w.command(0x10, 0x01)
}

// Halt is Sleep.
func (p *Dev) Halt() error { return p.Sleep() }
