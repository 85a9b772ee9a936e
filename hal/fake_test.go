package hal

import (
	"errors"
	"image"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/paird/paird/hal/bustest"
)

// fakeBoard is hardware made of models.
type fakeBoard struct {
	mu      sync.Mutex
	oled    *bustest.OLED
	paper   *bustest.EPaper
	missing map[string]bool // names that cannot be opened
	opened  int             // things open now
	pin     *fakePin        // the button's
	led     bool
}

var errMissing = errors.New("no such device")

func (f *fakeBoard) take(name string) (closer, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.missing[name] {
		return closer{}, errMissing
	}
	f.opened++
	return closer{f, new(sync.Once)}, nil
}

// lose makes a name impossible to open, or possible again.
func (f *fakeBoard) lose(name string, lost bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.missing[name] = lost
}

// closer counts what is closed, and closing twice once.
type closer struct {
	f    *fakeBoard
	once *sync.Once
}

func (c closer) Close() error {
	c.once.Do(func() {
		c.f.mu.Lock()
		defer c.f.mu.Unlock()
		c.f.opened--
	})
	return nil
}

func (f *fakeBoard) i2c(bus string) (i2cBus, error) {
	c, err := f.take(bus)
	return struct {
		*bustest.OLED
		closer
	}{f.oled, c}, err
}

func (f *fakeBoard) spi(bus string, _ uint32) (spiBus, error) {
	c, err := f.take(bus)
	if f.paper != nil {
		return struct {
			*bustest.EPaper
			closer
		}{f.paper, c}, err
	}
	return struct {
		*bustest.OLEDSPI
		closer
	}{f.oled.SPI(), c}, err
}

func (f *fakeBoard) output(pin string, _ bool) (outputPin, error) {
	c, err := f.take(pin)
	if f.paper != nil {
		model := f.paper.DC()
		if pin == "RST" {
			model = f.paper.Reset()
		}
		return struct {
			bustest.Pin
			closer
		}{model, c}, err
	}
	switch pin {
	case "DC":
		return struct {
			bustest.Pin
			closer
		}{f.oled.DC(), c}, err
	case "RST":
		return struct {
			bustest.Pin
			closer
		}{f.oled.Reset(), c}, err
	}
	return ledPin{f, c}, err
}

type ledPin struct {
	f *fakeBoard
	closer
}

func (l ledPin) Out(high bool) error {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	l.f.led = high
	return nil
}

func (f *fakeBoard) input(pin string) (inputPin, error) {
	c, err := f.take(pin)
	return busyPin{f.paper.Busy(), c}, err
}

type busyPin struct {
	bustest.BusyPin
	closer
}

func (busyPin) WaitEdge(time.Time) (bool, error) { return false, errors.ErrUnsupported }

func (f *fakeBoard) button(pin string, _ bool) (inputPin, error) {
	_, err := f.take(pin)
	return f.pin, err
}

// fakePin is a contact.
type fakePin struct {
	mu     sync.Mutex
	level  bool
	err    error
	edges  chan struct{}
	closed chan struct{}
}

func newFakePin() *fakePin {
	return &fakePin{edges: make(chan struct{}, 100), closed: make(chan struct{})}
}

func (p *fakePin) set(level bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.level = level
	p.edges <- struct{}{}
}

func (p *fakePin) Read() (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level, p.err
}

func (p *fakePin) WaitEdge(deadline time.Time) (bool, error) {
	var timeout <-chan time.Time
	if !deadline.IsZero() {
		timeout = time.After(time.Until(deadline))
	}
	select {
	case <-p.edges:
		return true, nil
	case <-timeout:
		return false, nil
	case <-p.closed:
		return false, os.ErrClosed
	}
}

func (p *fakePin) Close() error {
	close(p.closed)
	return nil
}

func newOLEDBoard(size image.Point) *fakeBoard {
	g := bustest.Glass{Chip: bustest.SSD1306, Size: size, Alternative: size.Y > 32}
	return &fakeBoard{oled: bustest.NewOLED(g, 0x3c, true), missing: map[string]bool{}, pin: newFakePin()}
}

func noise(size image.Point) *image.Gray {
	m, rnd := image.NewGray(image.Rectangle{Max: size}), rand.New(rand.NewPCG(1, 1))
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.IntN(2) * 255)
	}
	return m
}

// turned is m as somebody sees it who turned it clockwise by hand: quarter turns, one after the other.
func turned(m *image.Gray, degrees int) *image.Gray {
	for ; degrees > 0; degrees -= 90 {
		b := m.Bounds()
		n := image.NewGray(image.Rect(0, 0, b.Dy(), b.Dx()))
		for y := range b.Dy() {
			for x := range b.Dx() {
				n.SetGray(b.Dy()-1-y, x, m.GrayAt(x, y))
			}
		}
		m = n
	}
	return m
}

func differs(a, b *image.Gray) bool { return a.Rect != b.Rect || string(a.Pix) != string(b.Pix) }
