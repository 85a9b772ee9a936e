package hal

import (
	"cmp"
	"errors"
	"image"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/bustest"
)

// fakeBoard is hardware made of models.
type fakeBoard struct {
	mu      sync.Mutex
	oled    *bustest.OLED
	paper   *bustest.EPaper
	bus     i2c.Bus         // in place of oled
	missing map[string]bool // names that cannot be opened
	opened  int             // things open now
	contact *fakePin        // the button's
	led     bool
}

// closes closes b and checks that nothing is left open, and that paper was driven as its datasheet says.
func (f *fakeBoard) closes(t *testing.T, b *Board) {
	t.Helper()
	if err := b.Close(); err != nil || f.opened != 0 {
		t.Errorf("after Close: %v, %d left open", err, f.opened)
	}
	if f.paper == nil {
		return
	}
	if v := f.paper.Violations(); len(v) > 0 {
		t.Errorf("against the datasheet: %q", v)
	}
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

func (f *fakeBoard) I2C(bus string) (i2c.BusCloser, error) {
	c, err := f.take(bus)
	return struct {
		i2c.Bus
		closer
	}{cmp.Or[i2c.Bus](f.bus, f.oled), c}, err
}

func (f *fakeBoard) SPI(name string) (spi.PortCloser, error) {
	c, err := f.take(name)
	port := f.oled.SPI
	if f.paper != nil {
		port = f.paper.SPI
	}
	return fakePort{port(), c}, err
}

type fakePort struct {
	spi.PortCloser
	closer
}

func (p fakePort) Close() error { return p.closer.Close() }

func (f *fakeBoard) Line(name string) (Line, error) {
	c, err := f.take(name)
	switch {
	case name == "GPIO17":
		return f.contact, err
	case name == "GPIO27":
		return fakeLine{ledPin{gpio.INVALID, f}, c}, err
	case f.paper != nil:
		return fakeLine{map[string]gpio.PinIO{"DC": f.paper.DC(), "RST": f.paper.Reset(), "BUSY": f.paper.Busy(), "PWR": f.paper.Power()}[name], c}, err
	}
	return fakeLine{map[string]gpio.PinIO{"DC": f.oled.DC(), "RST": f.oled.Reset()}[name], c}, err
}

// fakeLine is a model's pin as the board holds it.
type fakeLine struct {
	gpio.PinIO
	closer
}

func (fakeLine) Err() error { return nil }

type ledPin struct {
	gpio.PinIO
	f *fakeBoard
}

func (l ledPin) Out(level gpio.Level) error {
	l.f.mu.Lock()
	defer l.f.mu.Unlock()
	l.f.led = bool(level)
	return nil
}

// fakePin is a contact.
type fakePin struct {
	gpio.PinIO
	mu     sync.Mutex
	level  gpio.Level
	pull   gpio.Pull
	err    error
	ended  error
	edges  chan struct{}
	closed chan struct{}
}

func newFakePin() *fakePin {
	return &fakePin{PinIO: gpio.INVALID, edges: make(chan struct{}, 100), closed: make(chan struct{})}
}

func (p *fakePin) In(pull gpio.Pull, _ gpio.Edge) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pull, p.level = pull, pull == gpio.PullUp
	return nil
}

// press puts the contact away from the level to which it is pulled, or lets it go.
func (p *fakePin) press(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.level = gpio.Level(down != (p.pull == gpio.PullUp))
	p.edges <- struct{}{}
}

func (p *fakePin) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

func (p *fakePin) Read() gpio.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

func (p *fakePin) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return cmp.Or(p.ended, p.err)
}

func (p *fakePin) WaitForEdge(timeout time.Duration) bool {
	var late <-chan time.Time
	if timeout >= 0 {
		late = time.After(timeout)
	}
	select {
	case <-p.edges:
		return true
	case <-late:
		return false
	case <-p.closed:
		p.mu.Lock()
		defer p.mu.Unlock()
		p.ended = os.ErrClosed
		return false
	}
}

func (p *fakePin) Close() error {
	close(p.closed)
	return nil
}

func newOLEDBoard(size image.Point) *fakeBoard {
	g := bustest.Glass{Chip: bustest.SSD1306, Size: size, Alternative: size.Y > 32}
	return &fakeBoard{oled: bustest.NewOLED(g, 0x3c, true), missing: map[string]bool{}, contact: newFakePin()}
}

func noise(size image.Point) *image.Gray {
	m, rnd := image.NewGray(image.Rectangle{Max: size}), rand.New(rand.NewPCG(1, 1))
	for i := range m.Pix {
		m.Pix[i] = byte(rnd.IntN(2) * 255)
	}
	return m
}

// turned is m turned clockwise, in quarter turns.
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
