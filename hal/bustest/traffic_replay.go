package bustest

import (
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Paper is a model of e-paper: EPaper or ColourPaper.
type Paper interface {
	SPI() spi.PortCloser
	DC() Pin
	Reset() Pin
	Busy() BusyPin
}

// Replay puts recorded events on the wire of a model. idle is the level of BUSY of a controller that does nothing.
func Replay(m Paper, idle gpio.Level, events []Event) error {
	c, err := m.SPI().Connect(physic.MegaHertz, spi.Mode0, 8)
	if err != nil {
		return err
	}
	for _, e := range events {
		switch e.Kind {
		case "reset":
			err = m.Reset().Out(e.Value == 1)
		case "sleep":
			time.Sleep(time.Duration(e.Value) * time.Millisecond)
		case "busy":
			err = settled(m.Busy(), idle)
		case "command":
			err = send(m, c, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func settled(busy BusyPin, idle gpio.Level) error {
	for range 60_000 {
		if busy.Read() == idle {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("BUSY for a minute")
}

func send(m Paper, c spi.Conn, e Event) error {
	if err := errors.Join(m.DC().Out(gpio.Low), c.Tx([]byte{byte(e.Value)}, nil), m.DC().Out(gpio.High)); err != nil {
		return err
	}
	for rest := e.Data; len(rest) > 0; rest = rest[min(len(rest), longest):] {
		if err := c.Tx(rest[:min(len(rest), longest)], nil); err != nil {
			return err
		}
	}
	return nil
}

// Replay puts recorded events on the I2C bus of the model, pulses on RES# on its pin.
func (o *OLED) Replay(events []Event) error {
	for _, e := range events {
		var err error
		switch e.Kind {
		case "reset":
			err = o.Reset().Out(e.Value == 1)
		case "stream":
			err = o.Tx(o.addr, append([]byte{0x00}, e.Data...), nil)
		case "data":
			err = o.Tx(o.addr, append([]byte{0x40}, e.Data...), nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
