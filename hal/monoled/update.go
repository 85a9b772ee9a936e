package monoled

import (
	"image"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/devices/v3/ssd1306/image1bit"
)

// paint copies src, from sp on, into the part r of the frame.
func (d *Dev) paint(r image.Rectangle, src image.Image, sp image.Point) {
	shift := sp.Sub(r.Min)
	r = r.Intersect(d.frame.Rect).Intersect(src.Bounds().Sub(shift))
	lit := bits(src)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			d.frame.SetBit(x, y, lit(x+shift.X, y+shift.Y))
		}
	}
}

// bits returns how to read one pixel of src. The colours of a palette are converted once, not once a pixel.
func bits(src image.Image) func(x, y int) image1bit.Bit {
	convert := image1bit.BitModel.Convert
	p, ok := src.(*image.Paletted)
	if !ok {
		return func(x, y int) image1bit.Bit { return convert(src.At(x, y)).(image1bit.Bit) }
	}
	palette := make([]image1bit.Bit, 256)
	for i, c := range p.Palette {
		palette[i] = convert(c).(image1bit.Bit)
	}
	return func(x, y int) image1bit.Bit { return palette[p.Pix[p.PixOffset(x, y)]] }
}

// update makes the RAM equal to the frame, page by page, in runs of changed columns.
func (d *Dev) update() error {
	width := d.frame.Stride
	for page := 0; page*width < len(d.ram); page++ {
		next, ram := d.frame.Pix[page*width:][:width], d.ram[page*width:][:width]
		for _, r := range runs(ram, next, d.stale) {
			if err := d.write(page, r.from, next[r.from:r.to]); err != nil {
				return err
			}
		}
		copy(ram, next)
	}
	d.stale = false
	return nil
}

// write sends columns of one page, in page addressing mode.
func (d *Dev) write(page, column int, data []byte) error {
	c := byte(d.module.column + column)
	if err := d.bus.command(0xb0|byte(page), c&0x0f, 0x10|c>>4); err != nil {
		return err
	}
	return d.bus.data(data)
}

// run is a half-open range of columns.
type run struct{ from, to int }

// overhead is what a run costs besides its data, in bytes: two addresses, two control bytes, three commands.
const overhead = 7

// runs finds the columns that differ. Two runs with less between them than the overhead of a run become one.
func runs(old, next []byte, all bool) []run {
	if all {
		return []run{{0, len(next)}}
	}
	var found []run
	for i := range next {
		switch last := len(found) - 1; {
		case old[i] == next[i]:
		case last >= 0 && i-found[last].to < overhead:
			found[last].to = i + 1
		default:
			found = append(found, run{i, i + 1})
		}
	}
	return found
}

// wire carries commands and data to the controller: on I²C after a control byte, on four-wire SPI with the D/C pin.
type wire struct {
	conn conn.Conn
	dc   gpio.PinOut // nil on I²C
	buf  []byte
}

// The control bytes of SSD1306 section 8.1.5.2 (page 20): Co = 0, then only commands or only data.
const (
	controlCommands = 0x00
	controlData     = 0x40
)

func (w *wire) command(c ...byte) error { return w.send(controlCommands, gpio.Low, c) }
func (w *wire) data(b []byte) error     { return w.send(controlData, gpio.High, b) }

// send writes b, with D/C low for commands and high for data (SSD1306 section 8.1.3, page 17).
func (w *wire) send(control byte, dc gpio.Level, b []byte) error {
	if w.dc == nil {
		w.buf = append(append(w.buf[:0], control), b...)
		return w.conn.Tx(w.buf, nil)
	}
	if err := w.dc.Out(dc); err != nil {
		return err
	}
	return w.conn.Tx(b, nil)
}

// status reads the status register. known is false on SPI, which cannot be read.
func (w *wire) status() (s byte, known bool, err error) {
	if w.dc != nil {
		return 0, false, nil
	}
	var b [1]byte
	err = w.conn.Tx(nil, b[:])
	return b[0], true, err
}
