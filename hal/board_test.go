package hal

import (
	"context"
	"errors"
	"image"
	"image/draw"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/hal/bustest"
)

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
			wire := func(x, y int) (int, int) { return y, 249 - x }
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
			f.closes(t, b)
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
		time.Sleep(checkEvery + time.Second)
		if differs(f.oled.Image(), m) || f.oled.Contrast() != 40 {
			t.Error("plugged in again, the panel did not come back wholly")
		}
		f.oled.PowerLoss() // between Draws
		time.Sleep(checkEvery + time.Second)
		if differs(f.oled.Image(), m) {
			t.Error("the panel did not come back after a power loss")
		}
		if err := b.Panel.(interface{ Sleep() error }).Sleep(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * checkEvery)
		if !differs(f.oled.Image(), m) {
			t.Error("the sleeping panel was woken")
		}
		f.closes(t, b)
	})
}

// TestWatchPanel: a panel that is unplugged while nothing new is drawn is reported, once, and once more when it is back.
func TestWatchPanel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		b, err := open(t.Context(), Options{Panel: "ssd1306", Bus: "I2C1", Address: 0x3c, ColumnOffset: -1}, f)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var reports []error
		over := make(chan struct{})
		go func() {
			b.WatchPanel(ctx, func(err error) { reports = append(reports, err) })
			close(over)
		}()
		if err := b.Panel.Draw(b.Panel.Bounds(), noise(image.Pt(128, 64)), image.Point{}); err != nil {
			t.Fatal(err)
		}
		drawn := func() { // before the next check
			f.oled.Plug()
			if err := b.Panel.Draw(b.Panel.Bounds(), image.White, image.Point{}); err != nil {
				t.Error(err)
			}
		}
		for _, turn := range []func(){func() {}, f.oled.Unplug, f.oled.Plug, f.oled.Unplug, drawn} {
			turn()
			time.Sleep(3*checkEvery + time.Second) // not at the moment of a check
		}
		stop()
		<-over
		if len(reports) != 4 || !errors.Is(reports[0], bustest.ErrNACK) || reports[1] != nil || reports[2] == nil || reports[3] != nil {
			t.Errorf("reports %v", reports)
		}
		f.closes(t, b)
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

// TestBoardWithoutPins: a button and an LED whose pins cannot be opened end nothing. They work once their pins can be.
func TestBoardWithoutPins(t *testing.T) {
	for missing, what := range map[string]string{"GPIO17": "button", "GPIO27": "LED"} {
		synctest.Test(t, func(t *testing.T) {
			f := newOLEDBoard(image.Pt(128, 64))
			f.missing[missing] = true
			o := Options{Panel: "ssd1306", Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST"}, ColumnOffset: -1, ButtonPin: "GPIO17", ActiveLow: true, LEDPin: "GPIO27"}
			b, err := open(t.Context(), o, f)
			if err != nil || b.Fault != nil || !errors.Is(b.PinFault, errMissing) || !strings.HasPrefix(b.PinFault.Error(), what+": ") || strings.Contains(b.PinFault.Error(), "\n") {
				t.Fatalf("%s missing: %v, %v, %v", missing, err, b.Fault, b.PinFault)
			}
			if err := b.LED(true); err != nil {
				t.Error(err)
			}
			var reports []error
			all := make(chan struct{})
			go func() {
				b.AwaitPins(t.Context(), func(err error) { reports = append(reports, err) })
				close(all)
			}()
			time.Sleep(time.Minute)
			f.lose(missing, false)
			<-all
			if len(reports) != 1 || reports[0] != nil {
				t.Errorf("reports %v", reports)
			}
			f.contact.press(true)
			if e := <-b.Edges; !e.Down || !f.led {
				t.Errorf("%s missing first: %+v, LED %v", missing, e, f.led)
			}
			if err := b.Close(); err != nil {
				t.Error(err)
			}
			b.AwaitPins(t.Context(), nil) // nothing is missing
		})
	}
}

// TestAwaitPinsEnds: with the program, and it says it once if another error takes the place of the first.
func TestAwaitPinsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOLEDBoard(image.Pt(128, 64))
		f.missing["GPIO17"], f.missing["GPIO27"] = true, true
		b, err := open(t.Context(), Options{ButtonPin: "GPIO17", LEDPin: "GPIO27"}, f)
		if err != nil || b.PinFault == nil || b.PinFault.Error() != "button: no such device; LED: no such device" {
			t.Fatal(err, b.PinFault)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		time.AfterFunc(time.Minute, func() { f.lose("GPIO27", false) })
		var reports []error
		b.AwaitPins(ctx, func(err error) { reports = append(reports, err) })
		if len(reports) != 1 || !strings.HasPrefix(reports[0].Error(), "button: ") {
			t.Errorf("reports %v", reports)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingStaysOpenWhenSomethingFails(t *testing.T) {
	f := newOLEDBoard(image.Pt(128, 64))
	f.missing["SPI0.0"] = true
	p, _ := find(Options{Panel: "ssd1306"})
	if _, err := openDevice(f, p, Options{Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST"}}); err == nil || f.opened != 0 {
		t.Errorf("%v, %d left open", err, f.opened)
	}
}

// TestPowerPin: Waveshare's HATs from revision 2.3 on have power only while PWR is high.
func TestPowerPin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := func(x, y int) (int, int) { return y, 249 - x }
		f := &fakeBoard{paper: bustest.NewEPaper(bustest.Sheet{Chip: bustest.SSD1680, Size: image.Pt(250, 122), Wire: wire, Switch: true}, true), missing: map[string]bool{}}
		o := Options{Panel: "waveshare2in13v4", Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST", "busy": "BUSY", "power": "PWR"}}
		b, err := open(t.Context(), o, f)
		if err != nil || b.Fault != nil {
			t.Fatal(err, b)
		}
		m := noise(b.Panel.Bounds().Size())
		for i := range 2 {
			draw.Draw(m, image.Rect(60, 40, 76, 64+i), image.Black, image.Point{}, draw.Src)
			if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); err != nil || differs(f.paper.Image(), m) || !f.paper.Powered() {
				t.Errorf("another picture, or no power (%v)", err)
			}
			if err := b.Panel.Halt(); err != nil || f.paper.Powered() {
				t.Errorf("with power after Halt (%v)", err)
			}
		}
		if full, partial := f.paper.Refreshes(); full != 1 || partial != 1 {
			t.Errorf("%d full and %d partial refreshes", full, partial)
		}
		f.closes(t, b)
	})
}

// TestInterrupt: nothing waits for a refresh of 30 s when the program ends; the paper finishes it by itself.
func TestInterrupt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := func(x, y int) (int, int) { return 103 - y, x }
		s := bustest.Sheet{Chip: bustest.SSD1675, Size: image.Pt(212, 104), Wire: wire, NoOTP: true, Accent: true, Full: 30 * time.Second}
		f := &fakeBoard{paper: bustest.NewEPaper(s, true), missing: map[string]bool{}}
		b, err := open(t.Context(), Options{Panel: "inkyphat", Bus: "SPI0.0", Pins: map[string]string{"dc": "DC", "reset": "RST", "busy": "BUSY"}}, f)
		if err != nil || b.Fault != nil {
			t.Fatal(err, b)
		}
		m := noise(b.Panel.Bounds().Size())
		time.AfterFunc(5*time.Second, b.Interrupt)
		start := time.Now()
		if err := b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}); !errors.Is(err, errInterrupted) {
			t.Error(err)
		}
		if err := errors.Join(b.Panel.Draw(b.Panel.Bounds(), m, image.Point{}), b.Panel.Halt()); !errors.Is(err, errInterrupted) {
			t.Error(err)
		}
		if err := b.Close(); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		b.Interrupt() // again, after Close
		time.Sleep(time.Minute)
		if differs(f.paper.Image(), m) {
			t.Error("the paper did not finish its refresh")
		}
	})
}
