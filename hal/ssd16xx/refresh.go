package ssd16xx

import "time"

const partialLimit = 10 * time.Second

// refresh brings the paper to the next picture.
func (p *Dev) refresh() error {
	ready := p.start
	if p.awake { // what is sent while BUSY is high is lost
		ready = func() error { return p.w.idle(resetLimit) }
	}
	if err := ready(); err != nil {
		return err
	}
	if p.known && !p.fullNext && p.m.Partial {
		return p.refreshPart()
	}
	return p.refreshWhole()
}

// start resets the controller, by the pin and by command, and initialises it.
func (p *Dev) start() error {
	p.synced = false
	if err := p.w.pulse(); err != nil {
		return err
	}
	if err := p.w.command(0x12); err != nil {
		return err
	}
	if err := p.w.idle(resetLimit); err != nil {
		return err
	}
	if err := p.w.all(append(p.m.init, []byte{0x11, 0x03})); err != nil { // X, then Y, both upwards
		return err
	}
	p.awake = true
	return nil
}

func (p *Dev) refreshWhole() error {
	all := window{0, p.m.columns/8 - 1, 0, p.m.rows - 1}
	old := p.next.bw
	if p.m.Accent {
		old = p.next.red
	}
	if err := p.write(0x24, all, p.next.bw); err != nil {
		return err
	}
	if err := p.write(0x26, all, old); err != nil {
		return err
	}
	p.synced = true
	return p.activate(p.m.full, p.m.fullSequence, p.m.fullLimit)
}

// refreshPart drives the pixels that differ between the two RAMs. Before, both hold the old picture everywhere; after,
// both hold the new one: a RAM left behind would be seen as a ghost at the next refresh.
func (p *Dev) refreshPart() error {
	changed := p.changed()
	if !p.synced {
		changed = window{0, p.m.columns/8 - 1, 0, p.m.rows - 1}
		if err := p.write(0x26, changed, p.shown.bw); err != nil {
			return err
		}
	}
	if err := p.write(0x24, changed, p.next.bw); err != nil {
		return err
	}
	if err := p.activate(p.m.partial, p.m.partialSequence, partialLimit); err != nil {
		return err
	}
	p.synced = true
	return p.write(0x26, changed, p.next.bw)
}

// activate sets waveform and border, and runs the update sequence to its end.
func (p *Dev) activate(prepare [][]byte, sequence byte, limit time.Duration) error {
	if err := p.w.all(prepare); err != nil {
		return err
	}
	if err := p.w.command(0x22, sequence); err != nil {
		return err
	}
	if err := p.w.command(0x20); err != nil {
		return err
	}
	return p.w.refreshed(limit)
}

// window is a part of the RAM: bytes of a row and rows, both ends included.
type window struct{ x0, x1, y0, y1 int }

// changed is the smallest window around what differs between the picture shown and the next.
func (p *Dev) changed() window {
	width := p.m.columns / 8
	w := window{width, -1, p.m.rows, -1}
	for i := range p.next.bw {
		if p.next.bw[i] != p.shown.bw[i] {
			x, y := i%width, i/width
			w = window{min(w.x0, x), max(w.x1, x), min(w.y0, y), max(w.y1, y)}
		}
	}
	return w
}

// write fills a window of one of the RAMs (command 24 or 26) from a plane.
func (p *Dev) write(ram byte, w window, plane []byte) error {
	y := func(n int) []byte { return []byte{byte(n), byte(n >> 8)} }
	if err := p.w.all([][]byte{
		{0x44, byte(w.x0), byte(w.x1)},
		append(append([]byte{0x45}, y(w.y0)...), y(w.y1)...),
		{0x4e, byte(w.x0)},
		append([]byte{0x4f}, y(w.y0)...),
		{ram},
	}); err != nil {
		return err
	}
	width := p.m.columns / 8
	data := make([]byte, 0, (w.x1-w.x0+1)*(w.y1-w.y0+1))
	for row := w.y0; row <= w.y1; row++ {
		data = append(data, plane[row*width+w.x0:row*width+w.x1+1]...)
	}
	return p.w.send(true, data)
}
