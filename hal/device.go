package hal

import (
	"errors"
	"io"

	"periph.io/x/conn/v3/display"
)

// device is a driver with the buses and pins it holds. What a driver has not, is nothing to do.
type device struct {
	display.Drawer
	io.Closer
	glows bool
}

// openDevice opens the bus and the pins that o names, and none if one of them fails.
func openDevice(hw hardware, p PanelInfo, o Options) (*device, error) {
	w := &Wiring{hw: hw, o: o}
	w.o.Size = p.size(o)
	d, err := p.Open(w)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &device{d, w, !p.Paper}, nil
}

// Full makes the next Draw a full refresh of paper.
func (d *device) Full() error {
	if f, ok := d.Drawer.(interface{ Full() error }); ok {
		return f.Full()
	}
	return nil
}

// Contrast sets the brightness where there is one.
func (d *device) Contrast(level uint8) error {
	if c, ok := d.Drawer.(interface{ SetContrast(level byte) error }); ok {
		return c.SetContrast(level)
	}
	return nil
}

// Sleep darkens what glows and puts paper into deep sleep. Drivers of paper without Sleep are left alone: in periph's,
// Halt clears the paper.
func (d *device) Sleep() error {
	if s, ok := d.Drawer.(interface{ Sleep() error }); ok {
		return s.Sleep()
	}
	if d.glows {
		return d.Halt()
	}
	return nil
}

// Probe finds out whether the panel answers, where the driver can.
func (d *device) Probe() error {
	if p, ok := d.Drawer.(interface{ Probe() error }); ok {
		return p.Probe()
	}
	return nil
}
