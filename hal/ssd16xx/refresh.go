package ssd16xx

import (
	"time"

	"github.com/paird/paird/hal/internal/epd"
)

// refresh makes the paper show the next picture.
func (d *Dev) refresh() error {
	ready := d.start
	if d.awake { // the controller ignores what is sent while BUSY is high
		ready = func() error { return d.bus.Idle(epd.ResetLimit) }
	}
	if err := ready(); err != nil {
		return err
	}
	if d.known && !d.fullNext && d.m.Partial {
		return d.refreshPart()
	}
	return d.refreshWhole()
}

// start resets the controller, by the pin and by command 12h, and initializes it.
func (d *Dev) start() error {
	d.synced = false
	if err := d.bus.Reset(d.m.reset); err != nil {
		return err
	}
	if err := d.bus.Command(0x12); err != nil {
		return err
	}
	time.Sleep(d.m.settle)
	if err := d.bus.Idle(epd.ResetLimit); err != nil {
		return err
	}
	if err := d.bus.Commands(append(d.m.init, []byte{0x11, 0x03})); err != nil { // X, then Y, both upwards
		return err
	}
	d.awake = true
	return nil
}

func (d *Dev) refreshWhole() error {
	all := window{0, d.m.columns/8 - 1, 0, d.m.rows - 1}
	second := d.next.red // where the glass has colour: nowhere in a picture without
	if d.m.Partial {
		second = d.next.bw // what the next partial refresh finds as the picture before
	}
	if err := d.write(0x24, all, d.next.bw); err != nil {
		return err
	}
	if err := d.write(0x26, all, second); err != nil {
		return err
	}
	d.synced = true
	return d.activate(d.m.full)
}

// refreshPart drives the pixels that differ between the two RAMs. Before, both hold the old picture; after, both must hold the
// new one: the next partial refresh would drive the wrong pixels otherwise.
func (d *Dev) refreshPart() error {
	changed := d.changed()
	if !d.synced {
		changed = window{0, d.m.columns/8 - 1, 0, d.m.rows - 1}
		if err := d.write(0x26, changed, d.shown.bw); err != nil {
			return err
		}
	}
	if err := d.write(0x24, changed, d.next.bw); err != nil {
		return err
	}
	if err := d.activate(d.m.partial); err != nil {
		return err
	}
	d.synced = true
	return d.write(0x26, changed, d.next.bw)
}

// activate sets waveform and border, and runs the update sequence to its end.
func (d *Dev) activate(u update) error {
	if err := d.bus.Commands(u.prepare); err != nil {
		return err
	}
	if err := d.bus.Command(0x22, u.sequence); err != nil {
		return err
	}
	if err := d.bus.Command(0x20); err != nil {
		return err
	}
	return d.bus.Done(u.limit)
}

// window is a part of the RAM: bytes of a row and rows, both ends included.
type window struct{ x0, x1, y0, y1 int }

// changed is the smallest window around what differs between the picture shown and the next.
func (d *Dev) changed() window {
	width := d.m.columns / 8
	w := window{width, -1, d.m.rows, -1}
	for i := range d.next.bw {
		if d.next.bw[i] != d.shown.bw[i] {
			x, y := i%width, i/width
			w = window{min(w.x0, x), max(w.x1, x), min(w.y0, y), max(w.y1, y)}
		}
	}
	return w
}

// write fills a window of one of the RAMs (command 24 or 26) from a plane.
func (d *Dev) write(ram byte, w window, plane []byte) error {
	y := func(n int) []byte { return []byte{byte(n), byte(n >> 8)} }
	if err := d.bus.Commands([][]byte{
		{0x44, byte(w.x0), byte(w.x1)},
		append(append([]byte{0x45}, y(w.y0)...), y(w.y1)...),
		{0x4e, byte(w.x0)},
		append([]byte{0x4f}, y(w.y0)...),
		{ram},
	}); err != nil {
		return err
	}
	width := d.m.columns / 8
	data := make([]byte, 0, (w.x1-w.x0+1)*(w.y1-w.y0+1))
	for row := w.y0; row <= w.y1; row++ {
		data = append(data, plane[row*width+w.x0:row*width+w.x1+1]...)
	}
	return d.bus.Data(data)
}
