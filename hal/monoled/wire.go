package monoled

import (
	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
)

// wire carries commands and data to the controller: on I2C behind a control byte, on four-wire SPI beside the D/C pin.
type wire struct {
	conn conn.Conn
	dc   gpio.PinOut // nil on I2C
	buf  []byte
}

// The control bytes of SSD1306 section 8.1.5.2 (page 20): Co = 0, then only commands or only data.
const (
	controlCommands = 0x00
	controlData     = 0x40
)

func (w *wire) command(c ...byte) error { return w.send(controlCommands, gpio.Low, c) }
func (w *wire) data(d []byte) error     { return w.send(controlData, gpio.High, d) }

// send writes b: D/C low for commands, high for data (SSD1306 section 8.1.3, page 17).
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

// status reads the status register. known is false on SPI, which cannot read.
func (w *wire) status() (s byte, known bool, err error) {
	if w.dc != nil {
		return 0, false, nil
	}
	var b [1]byte
	err = w.conn.Tx(nil, b[:])
	return b[0], true, err
}
