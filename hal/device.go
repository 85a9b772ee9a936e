package hal

import (
	"errors"
	"image"
	"io"
	"time"

	"periph.io/x/conn/v3/display"
	"periph.io/x/conn/v3/gpio"
)

// device is a driver with its bus and pins. Its methods do nothing where the driver has no such method.
type device struct {
	display.Drawer
	io.Closer
	glows   bool
	power   gpio.PinOut // of a board that has power only while this pin is high; nil: it always has
	powered bool
}

// openDevice opens a panel's bus and pins; if one of them fails, none stays open.
func openDevice(hw Hardware, p PanelInfo, o Options) (*device, error) {
	w := &Wiring{hw: hw, o: o}
	w.o.Size = p.Size(o.Size)
	d := &device{Closer: w, glows: !p.Paper}
	err := d.open(w, p)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return d, nil
}

// open switches the power on before the driver sends anything.
func (d *device) open(w *Wiring, p PanelInfo) error {
	power, err := w.Pin("power")
	if err != nil {
		return err
	}
	if power != nil {
		d.power = power
	}
	if err := d.supply(true); err != nil {
		return err
	}
	d.Drawer, err = p.Open(w)
	return err
}

// powerTime is how long the supply needs to settle before the reset (SSD1680 section 9: 10 ms), and to fall.
const powerTime = 10 * time.Millisecond

// supply switches the power. The controller loses its RAM: drivers initialize it again after Sleep.
func (d *device) supply(on bool) error {
	if d.power == nil || d.powered == on {
		return nil
	}
	if err := d.power.Out(gpio.Level(on)); err != nil {
		return err
	}
	d.powered = on
	time.Sleep(powerTime)
	return nil
}

// Draw implements display.Drawer.
func (d *device) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	if err := d.supply(true); err != nil {
		return err
	}
	return d.Drawer.Draw(r, src, sp)
}

// Full makes the next Draw a full refresh of e-paper.
func (d *device) Full() error {
	if f, ok := d.Drawer.(interface{ Full() error }); ok {
		return f.Full()
	}
	return nil
}

// Contrast sets the brightness, 0 to 255.
func (d *device) Contrast(level uint8) error {
	if c, ok := d.Drawer.(interface{ SetContrast(level byte) error }); ok {
		return c.SetContrast(level)
	}
	return nil
}

// Sleep darkens a panel that glows and puts e-paper into deep sleep. It does not call Halt of e-paper without Sleep: in periph's
// drivers that clears the paper. Then it switches the power off.
func (d *device) Sleep() error {
	return errors.Join(d.sleep(), d.supply(false))
}

func (d *device) sleep() error {
	if s, ok := d.Drawer.(interface{ Sleep() error }); ok {
		return s.Sleep()
	}
	if d.glows {
		return d.Halt()
	}
	return nil
}

// Probe finds out whether the panel answers.
func (d *device) Probe() error {
	if p, ok := d.Drawer.(interface{ Probe() error }); ok {
		return p.Probe()
	}
	return nil
}
