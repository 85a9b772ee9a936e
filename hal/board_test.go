package hal

import (
	"errors"
	"image"
	"image/draw"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
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

func TestOLEDBoardRotated(t *testing.T) {
	for _, bus := range []Options{{Bus: "I2C1", Address: 0x3c}, {Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST"}}} {
		for _, degrees := range []int{0, 90, 180, 270} {
			synctest.Test(t, func(t *testing.T) {
				f := newOLEDBoard(image.Pt(128, 64))
				o := bus
				o.Panel, o.Rotate, o.ColumnOffset = "ssd1306", degrees, -1
				b, err := open(t.Context(), o, f)
				if err != nil || b.Fault != nil {
					t.Fatal(err, b.Fault)
				}
				m := noise(b.Panel.Bounds().Size())
				if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil {
					t.Fatal(err)
				}
				if differs(f.oled.Image(), turned(m, degrees)) {
					t.Errorf("%s, %d degrees: another picture", o.Bus, degrees)
				}
				if err := errors.Join(b.Panel.Halt(), b.Close()); err != nil || f.opened != 0 {
					t.Errorf("after Close: %v, %d left open", err, f.opened)
				}
			})
		}
	}
}

func TestPaperBoardRotated(t *testing.T) {
	for _, degrees := range []int{0, 90, 180, 270} {
		synctest.Test(t, func(t *testing.T) {
			wire := func(x, y int) (int, int) { return 8 + y, 249 - x }
			f := &fakeBoard{paper: bustest.NewEPaper(bustest.Sheet{Chip: bustest.SSD1680, Size: image.Pt(250, 122), Wire: wire}, true), missing: map[string]bool{"BUSY": true}}
			o := Options{Panel: "waveshare2in13v4", Bus: "SPI0.0", Rotate: degrees, Pins: map[string]string{"dc": "DC", "reset": "RST", "busy": "BUSY"}}
			b, err := open(t.Context(), o, f)
			if err != nil || !b.Paper || b.Accent || b.Fault == nil || f.opened != 0 {
				t.Fatalf("%v, %+v, %d open", err, b, f.opened)
			}
			f.lose("BUSY", false)
			m := noise(b.Panel.Bounds().Size())
			if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil {
				t.Fatal(err)
			}
			p := b.Panel.(interface {
				Full() error
				Sleep() error
			})
			again, err := open(t.Context(), o, f)
			if err != nil || again.Fault != nil {
				t.Fatal(err, again.Fault)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(p.Full(), b.Panel.Draw(image.Rect(0, 0, 1, 1), m, image.Point{}), p.Sleep()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
			full, _ := f.paper.Refreshes()
			if differs(f.paper.Image(), turned(m, degrees)) || full != 2 || !f.paper.Asleep() {
				t.Errorf("%d degrees: another picture, or %d full refreshes, or awake", degrees, full)
			}
			if err := b.Close(); err != nil || f.opened != 0 {
				t.Errorf("after Close: %v, %d left open", err, f.opened)
			}
			if v := f.paper.Violations(); len(v) > 0 {
				t.Errorf("against the datasheet: %q", v)
			}
		})
	}
}

func TestPanelComesBackByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		b, err := open(t.Context(), Options{Panel: "ssd1306", Bus: "I2C1", Address: 0x3c, ColumnOffset: -1}, f)
		if err != nil {
			t.Fatal(err)
		}
		m := noise(image.Pt(128, 64))
		if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil {
			t.Fatal(err)
		}
		_ = b.Panel.(interface{ Contrast(uint8) error }).Contrast(40)
		f.oled.Unplug()
		part := image.Rect(0, 0, 8, 8)
		draw.Draw(m, part, image.White, image.Point{}, draw.Src)
		if err := b.Panel.Draw(part, image.White, image.Point{}); err == nil {
			t.Error("no error from a panel that is not there")
		}
		f.lose("I2C1", true) // the adapter goes too
		if err := b.Panel.Draw(part, image.White, image.Point{}); !errors.Is(err, errMissing) {
			t.Errorf("%v, want %v", err, errMissing)
		}
		f.lose("I2C1", false)
		f.oled.Plug()
		time.Sleep(healEvery + time.Second)
		if differs(f.oled.Image(), m) || f.oled.Contrast() != 40 {
			t.Error("plugged in again, the panel did not come back wholly")
		}
		f.oled.PowerLoss() // while nobody draws
		time.Sleep(healEvery + time.Second)
		if differs(f.oled.Image(), m) {
			t.Error("the panel did not come back after a power loss")
		}
		if err := b.Panel.(interface{ Sleep() error }).Sleep(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * healEvery)
		if !differs(f.oled.Image(), m) {
			t.Error("somebody woke the sleeping panel")
		}
		if err := b.Close(); err != nil || f.opened != 0 {
			t.Errorf("after Close: %v, %d left open", err, f.opened)
		}
	})
}

func TestPanelMissingAtStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 32))
		f.oled.Unplug()
		b, err := open(t.Context(), Options{Panel: "ssd1306", Size: image.Pt(128, 32), Bus: "I2C1", Address: 0x3c, ColumnOffset: -1}, f)
		if err != nil || b.Fault == nil || b.Panel == nil {
			t.Fatal("want a board with a panel at fault:", err)
		}
		m := noise(image.Pt(128, 32))
		if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err == nil {
			t.Error("no error from a panel that is not there")
		}
		f.oled.Plug()
		if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil || differs(f.oled.Image(), m) {
			t.Error("the panel does not work after it was plugged in:", err)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestButtonAndLED(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		b, err := open(t.Context(), Options{ButtonPin: "GPIO17", ActiveLow: true, LEDPin: "GPIO27"}, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.LED(true); err != nil || !f.led {
			t.Error("the LED stays dark:", err)
		}
		start := time.Now()
		go func() {
			for _, step := range []struct {
				wait  time.Duration
				level bool
			}{{time.Second, true}, {2, false}, {3, true}, {3 * time.Second, false}, {time.Millisecond, true}, {time.Millisecond, false}} {
				time.Sleep(step.wait)
				f.pin.set(step.level)
			}
		}()
		for _, want := range []struct {
			down  bool
			at    time.Duration
			known time.Duration
		}{{true, time.Second + 5, time.Second + 5 + settleTime}, {false, 4*time.Second + 5 + 2*time.Millisecond, 4*time.Second + 5 + 2*time.Millisecond + settleTime}} {
			e := <-b.Edges
			if e.Down != want.down || e.At.Sub(start) != want.at || time.Since(start) != want.known {
				t.Errorf("edge %v of %v at %v, want %+v", e.Down, e.At.Sub(start), time.Since(start), want)
			}
		}
		f.pin.mu.Lock()
		f.pin.err = errMissing // a pin that fails does not end the button, and does not spin
		f.pin.mu.Unlock()
		f.pin.set(true)
		time.Sleep(10 * time.Second)
		f.pin.mu.Lock()
		f.pin.err = nil
		f.pin.mu.Unlock()
		if e := <-b.Edges; !e.Down {
			t.Error("the button did not come back")
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestCloseWithNobodyReading(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		b, err := open(t.Context(), Options{ButtonPin: "GPIO17"}, f)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			f.pin.set(i%2 == 0)
			time.Sleep(time.Second)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingStaysOpenWhenSomethingFails(t *testing.T) {
	for _, missing := range []string{"GPIO17", "GPIO27"} {
		synctest.Test(t, func(t *testing.T) {
			f := newOLEDBoard(image.Pt(128, 64))
			f.missing[missing] = true
			o := Options{Panel: "ssd1306", Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST"}, ColumnOffset: -1, ButtonPin: "GPIO17", LEDPin: "GPIO27"}
			if _, err := open(t.Context(), o, f); !errors.Is(err, errMissing) {
				t.Errorf("%s missing: %v", missing, err)
			}
			if missing == "GPIO17" && f.opened != 0 {
				t.Errorf("%d things left open", f.opened)
			}
		})
	}
	f := newOLEDBoard(image.Pt(128, 64))
	f.missing["SPI0.0"] = true
	p, _ := find("ssd1306")
	if _, err := openDevice(f, p, Options{Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST"}}); err == nil || f.opened != 0 {
		t.Errorf("%v, %d left open", err, f.opened)
	}
}
