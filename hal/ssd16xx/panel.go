package ssd16xx

import (
	"bytes"
	"fmt"
	"image"
	"slices"

	"github.com/paird/paird/hal/internal/ink"
)

// Panel is a module. Its methods must not be called at the same time.
type Panel struct {
	m     module
	w     Wires
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

// New returns a module by name. Nothing is sent before the first Draw.
func New(name string, w Wires) (*Panel, error) {
	all := modules()
	i := slices.IndexFunc(all, func(m module) bool { return m.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%s: no such e-paper module", name)
	}
	m := all[i]
	size := m.columns / 8 * m.rows
	return &Panel{m: m, w: w, frame: ink.New(m.Size, m.Accent),
		next:  planes{make([]byte, size), make([]byte, size)},
		shown: planes{make([]byte, size), make([]byte, size)}}, nil
}

// Bounds is the module in landscape.
func (p *Panel) Bounds() image.Rectangle { return p.frame.Rect }

// Full makes the next Draw a full refresh, which flashes and removes what earlier pictures left.
func (p *Panel) Full() error {
	p.fullNext = true
	return nil
}

// Draw shows src, from sp on, in r: by a partial refresh where the module can and the picture before is known, else by a
// full one. It takes 0.3 to 30 s. A picture that is shown already costs nothing. After an error the controller is reset
// and the paper refreshed wholly by the next Draw.
func (p *Panel) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
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
func (p *Panel) pack() {
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
func (p *Panel) Probe() error {
	if err := p.start(); err != nil {
		p.awake = false
		return fmt.Errorf("%s: %w", p.m.Name, err)
	}
	return nil
}

// Sleep puts the controller into deep sleep; the paper keeps its picture. The next Draw wakes it by a reset.
func (p *Panel) Sleep() error {
	if !p.awake {
		return nil
	}
	p.awake = false
	return p.w.command(0x10, 0x01)
}

// Halt is Sleep.
func (p *Panel) Halt() error { return p.Sleep() }
