package hal

import (
	"image"
	"maps"
	"strings"
	"testing"
	"testing/synctest"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal/bustest"
)

func recording(t *testing.T, panel string) bustest.Traffic {
	t.Helper()
	r, err := bustest.ReadTraffic(panel)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPresetsHaveTheVendorsPins: the pins of a board of e-paper are those that its vendor's driver was recorded with, PWR among them.
func TestPresetsHaveTheVendorsPins(t *testing.T) {
	for _, b := range Boards() {
		panel := b.Panel
		switch {
		case panel == "inky":
			panel = "inkyphat"
		case !strings.HasPrefix(panel, "waveshare"):
			continue
		}
		want := maps.Clone(recording(t, panel).Pins)
		if strings.HasSuffix(b.Name, "-nopwr") {
			delete(want, "power")
		}
		if !maps.Equal(b.Pins, want) {
			t.Errorf("%s: %v, the vendor's driver uses %v", b.Name, b.Pins, want)
		}
	}
}

// TestWHATAgainstPimoroni: periph's driver, which draws the older wHATs, against Pimoroni's.
func TestWHATAgainstPimoroni(t *testing.T) {
	for _, p := range inkyWHATs() {
		synctest.Test(t, func(t *testing.T) {
			f := &tapBoard{fakeBoard: wHAT(p.Accent)}
			f.tap = &bustest.Tap{Paper: f.paper}
			d, err := p.Open(&Wiring{hw: f, o: wHATOptions(p.Name)})
			if err != nil {
				t.Fatal(err)
			}
			m := image.NewGray(image.Rectangle{Max: p.Sizes[0]})
			for i := range m.Pix {
				if bustest.Ink(i%m.Stride, i/m.Stride, m.Rect.Size(), false) == bustest.InkWhite {
					m.Pix[i] = 255
				}
			}
			if err := d.Draw(m.Rect, m, image.Point{}); err != nil || differs(f.paper.Image(), m) {
				t.Error("another picture:", err)
			}
			vendor := bustest.PaperSettings(recording(t, p.Name).Of("full"))
			for _, w := range bustest.Compare(vendor, bustest.PaperSettings(f.tap.Events), explained(p.Name)) {
				t.Error(p.Name, w)
			}
		})
	}
}

// explained lists in what periph's driver differs from Pimoroni's, and why.
func explained(panel string) []bustest.Difference {
	return nil
}

// tapBoard is a fakeBoard whose paper is recorded.
type tapBoard struct {
	*fakeBoard
	tap *bustest.Tap
}

func (b *tapBoard) spi(name string) (spi.PortCloser, error) {
	p, err := b.fakeBoard.spi(name)
	return tapPort{p, b.tap.SPI()}, err
}

type tapPort struct {
	spi.PortCloser
	tap spi.Port
}

func (p tapPort) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	return p.tap.Connect(f, mode, bits)
}

func (b *tapBoard) pin(name string) (pin, error) {
	p, err := b.fakeBoard.pin(name)
	if name == "DC" || name == "RST" {
		return tapLine{p, map[string]gpio.PinOut{"DC": b.tap.DC(), "RST": b.tap.Reset()}[name]}, err
	}
	return p, err
}

type tapLine struct {
	pin
	out gpio.PinOut
}

func (l tapLine) Out(level gpio.Level) error { return l.out.Out(level) }
