package hal

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"sync"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/devices/v3/inky"
)

// inkyWHATs are Pimoroni's 400x300 papers, by periph's driver. What it does not drive right is in doc.go.
func inkyWHATs() []PanelInfo {
	row := func(name string, c inky.Color) PanelInfo {
		o := inky.Opts{Model: inky.WHAT, ModelColor: c, BorderColor: inky.White, Width: 400, Height: 300}
		p := PanelInfo{Name: name, Sizes: []image.Point{{X: 400, Y: 300}}, Bus: "SPI", Paper: true, Accent: c != inky.Black,
			Refresh: 8 * time.Second, Controller: "SSD1683", Driver: "devices/inky", Open: openInky(o, inkyLimit)}
		if p.Accent {
			p.Refresh = 30 * time.Second
		}
		return p
	}
	return []PanelInfo{row("inkywhat", inky.Red), row("inkywhatblack", inky.Black), row("inkywhatyellow", inky.Yellow)}
}

// anyInky is whatever Inky the board's EEPROM names. Until that can be read it has the size of the most common one.
func anyInky() PanelInfo {
	return PanelInfo{Name: "inky", Sizes: inkySizes(), Bus: "SPI", Paper: true,
		Refresh: 30 * time.Second, Driver: "as its EEPROM says", Open: openAnyInky}
}

func inkySizes() []image.Point {
	return []image.Point{{X: 250, Y: 122}, {X: 212, Y: 104}, {X: 400, Y: 300}, {X: 640, Y: 400}, {X: 600, Y: 400}, {X: 600, Y: 448}, {X: 800, Y: 480}}
}

func openAnyInky(w *Wiring) (display.Drawer, error) {
	p, err := detectInky(w.hw)
	if err != nil {
		return nil, err
	}
	if p.Sizes[0] != w.o.Size {
		return nil, fmt.Errorf("the Inky is an %s of %s pixels: restart paird, or set display.panel to its name", p.Name, sizes(p.Sizes[0]))
	}
	return p.Open(w)
}

// The EEPROM of an Inky: width and height, little-endian, colour, board and display variant, then the time of writing as text
// (Pimoroni inky, eeprom.py).
const (
	inkyBus       = "I2C1"
	inkyAddress   = 0x50
	inkyEEPROM    = 29
	inkyVariantAt = 6
)

// inkyVariants are Pimoroni's display variants: the panel that drives one, or, in its place, what it is called.
func inkyVariants() map[byte]struct{ panel, name string } {
	return map[byte]struct{ panel, name string }{
		1: {panel: "inkyphatredht"}, 4: {panel: "inkyphatblack"}, 5: {panel: "inkyphatyellow"},
		2: {panel: "inkywhatyellow"}, 3: {panel: "inkywhatblack"}, 6: {panel: "inkywhat"}, 7: {panel: "inkywhat"}, 8: {panel: "inkywhat"},
		10: {panel: "inkyphat1608"}, 11: {panel: "inkyphat1608red"}, 12: {panel: "inkyphat1608yellow"},
		17: {panel: "inkywhat1683"}, 18: {panel: "inkywhat1683red"}, 19: {panel: "inkywhat1683yellow"},
		14: {panel: "inkyimpression57"}, 15: {panel: "inkyimpression4"}, 16: {panel: "inkyimpression4"}, 20: {panel: "inkyimpression73"},
		22: {panel: "inkyimpression73spectra"}, 26: {panel: "inkyimpression73spectra"}, 25: {panel: "inkyimpression4spectra"},
		23: {panel: "inkyphat79661"}, 24: {panel: "inkywhat79668"},
		21: {name: "Impression 13.3 (EL133UF1)"}, 27: {name: "Impression 13.3 (EL133UF1)"},
	}
}

// detectInky reads the EEPROM. periph's DetectOpts knows the variants up to 16 only.
func detectInky(hw hardware) (PanelInfo, error) {
	bus, err := hw.i2c(inkyBus)
	if err != nil {
		return PanelInfo{}, err
	}
	var b [inkyEEPROM]byte
	if err := errors.Join(bus.Tx(inkyAddress, []byte{0, 0}, b[:]), bus.Close()); err != nil {
		return PanelInfo{}, fmt.Errorf("the EEPROM of the Inky cannot be read; set display.panel to its name: %w", err)
	}
	v, ok := inkyVariants()[b[inkyVariantAt]]
	switch {
	case !ok:
		return PanelInfo{}, fmt.Errorf("the EEPROM says variant %d, which is unknown; set display.panel to the name of the Inky", b[inkyVariantAt])
	case v.panel == "":
		return PanelInfo{}, fmt.Errorf("this is an Inky %s, for which there is no driver", v.name)
	}
	p, _ := find(Options{Panel: v.panel})
	return p, nil
}

// inkyLimit is how long a refresh may take; with red it takes half a minute.
const inkyLimit = time.Minute

func openInky(o inky.Opts, limit time.Duration) Driver {
	return onSPI(func(port spi.Port, dc, reset, pin gpio.PinIO) (display.Drawer, error) {
		busy := &busyPin{PinIO: pin, idle: gpio.Low, limit: limit}
		d, err := inky.New(port, dc, reset, busy, &o)
		return &checkedDrawer{Drawer: d, busy: busy}, err
	})
}

// checkedDrawer adds two things to a driver of periph's for e-paper: Draw returns an error if BUSY stayed high, and does not
// refresh paper that shows the picture already, which would flash for half a minute.
type checkedDrawer struct {
	display.Drawer
	busy  *busyPin
	shown []byte // nil: not known
}

// Draw implements display.Drawer.
func (d *checkedDrawer) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	m, ok := src.(*image.Paletted)
	if ok && d.shown != nil && bytes.Equal(m.Pix, d.shown) {
		return nil
	}
	d.shown = nil
	if err := errors.Join(d.Drawer.Draw(r, src, sp), d.busy.timedOut()); err != nil || !ok {
		return err
	}
	d.shown = bytes.Clone(m.Pix)
	return nil
}

// Full makes the next Draw refresh the paper in any case.
func (d *checkedDrawer) Full() error {
	d.shown = nil
	return nil
}

// busyPin is a BUSY pin for drivers that wait for it without a limit, as periph's do: after the limit it reads as idle, and
// timedOut returns the error.
type busyPin struct {
	gpio.PinIO
	idle  gpio.Level
	limit time.Duration

	mu    sync.Mutex
	since time.Time // busy since; the zero time: idle
	stuck bool
}

// Read implements gpio.PinIn.
func (b *busyPin) Read() gpio.Level {
	level := b.PinIO.Read()
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case level == b.idle:
		b.since = time.Time{}
	case b.since.IsZero():
		b.since = time.Now()
	case time.Since(b.since) >= b.limit:
		b.stuck = true
		return b.idle
	}
	return level
}

// WaitForEdge waits until the pin is idle, as long as timeout (below 0: up to the limit), whatever edge In asked for: the
// edge may have come before the call.
func (b *busyPin) WaitForEdge(timeout time.Duration) bool {
	if timeout < 0 {
		timeout = b.limit
	}
	for deadline := time.Now().Add(timeout); b.Read() != b.idle; time.Sleep(pollBusy) {
		if !time.Now().Before(deadline) {
			return false
		}
	}
	return true
}

// In takes the pin without edges: it is polled.
func (b *busyPin) In(pull gpio.Pull, _ gpio.Edge) error { return b.PinIO.In(pull, gpio.NoEdge) }

const pollBusy = 10 * time.Millisecond

// timedOut returns an error if the pin stayed busy past the limit since the last call.
func (b *busyPin) timedOut() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.stuck {
		return nil
	}
	b.stuck, b.since = false, time.Time{}
	return fmt.Errorf("BUSY stays high for %v: check the panel's power, its ribbon and the busy pin", b.limit)
}
