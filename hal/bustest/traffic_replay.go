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

// Tap is a model whose wires are recorded while a driver uses them.
type Tap struct {
	Paper
	Events []Event
	dc     gpio.Level
	since  time.Time // of the last change of RES#
}

// SPI is the model's bus.
func (t *Tap) SPI() spi.Port { return tapPort{t} }

// DC is the model's data/command input.
func (t *Tap) DC() gpio.PinOut { return tapPin{t.Paper.DC(), func(l gpio.Level) { t.dc = l }} }

// Reset is the model's RES# input.
func (t *Tap) Reset() gpio.PinOut {
	return tapPin{t.Paper.Reset(), func(l gpio.Level) {
		t.held()
		t.Events = append(t.Events, Event{Kind: "reset", Value: map[gpio.Level]int{gpio.High: 1}[l]})
		t.since = time.Now()
	}}
}

// held records how long RES# kept its level.
func (t *Tap) held() {
	if !t.since.IsZero() {
		t.Events = append(t.Events, Event{Kind: "sleep", Value: int(time.Since(t.since).Milliseconds())})
	}
	t.since = time.Time{}
}

func (t *Tap) sent(w []byte) {
	t.held()
	if t.dc == gpio.Low {
		for _, c := range w {
			t.Events = append(t.Events, Event{Kind: "command", Value: int(c)})
		}
		return
	}
	last := &t.Events[len(t.Events)-1]
	last.Data = append(last.Data, w...)
}

type tapPin struct {
	Pin
	out func(gpio.Level)
}

func (p tapPin) Out(l gpio.Level) error {
	p.out(l)
	return p.Pin.Out(l)
}

type tapPort struct{ t *Tap }

func (p tapPort) String() string { return "tap" }

func (p tapPort) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	c, err := p.t.Paper.SPI().Connect(f, m, bits)
	return tapConn{c, p.t}, err
}

type tapConn struct {
	spi.Conn
	t *Tap
}

func (c tapConn) Tx(w, r []byte) error {
	c.t.sent(w)
	return c.Conn.Tx(w, r)
}

// MaxTxSize implements conn.Limits.
func (c tapConn) MaxTxSize() int { return longest }

// OLEDTap is an OLED whose I2C bus is recorded.
type OLEDTap struct {
	*OLED
	Events []Event
}

// Tx implements i2c.Bus.
func (t *OLEDTap) Tx(addr uint16, w, r []byte) error {
	if len(w) > 0 {
		kind := map[byte]string{0x00: "stream", 0x40: "data"}[w[0]]
		t.Events = append(t.Events, Event{Kind: kind, Data: append([]byte(nil), w[1:]...)})
	}
	return t.OLED.Tx(addr, w, r)
}
