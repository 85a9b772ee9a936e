package monoled

// I2C is a bus. periph's i2c.Bus has this method too.
type I2C interface {
	Tx(addr uint16, w, r []byte) error
}

// SPI is a device on a bus, mode 0. periph's spi.Conn has this method too.
type SPI interface {
	Tx(w, r []byte) error
}

// Pin is an output.
type Pin interface {
	Out(high bool) error
}

// wire carries commands and data to the controller.
type wire interface {
	command(c ...byte) error
	data(d []byte) error
	// status reads the status register. known is false on a bus that cannot read.
	status() (s byte, known bool, err error)
}

// The control bytes of SSD1306 section 8.1.5.2 (page 20): Co = 0, then only commands or only data.
const (
	controlCommands = 0x00
	controlData     = 0x40
)

type i2cWire struct {
	bus  I2C
	addr uint16
	buf  []byte
}

func (w *i2cWire) command(c ...byte) error { return w.send(controlCommands, c) }
func (w *i2cWire) data(d []byte) error     { return w.send(controlData, d) }

func (w *i2cWire) send(control byte, b []byte) error {
	w.buf = append(append(w.buf[:0], control), b...)
	return w.bus.Tx(w.addr, w.buf, nil)
}

func (w *i2cWire) status() (byte, bool, error) {
	var s [1]byte
	err := w.bus.Tx(w.addr, nil, s[:])
	return s[0], true, err
}

// spiWire is the four-wire SPI of SSD1306 section 8.1.3 (page 17): D/C low for commands, high for data.
type spiWire struct {
	bus SPI
	dc  Pin
}

func (w *spiWire) command(c ...byte) error { return w.send(false, c) }
func (w *spiWire) data(d []byte) error     { return w.send(true, d) }

func (w *spiWire) send(data bool, b []byte) error {
	if err := w.dc.Out(data); err != nil {
		return err
	}
	return w.bus.Tx(b, nil)
}

func (w *spiWire) status() (byte, bool, error) { return 0, false, nil }
