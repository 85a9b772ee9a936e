package bustest

import (
	"slices"
	"sync"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Recorder records what a driver does with the wires of a panel, a model's or a real board's. It is safe for concurrent use.
type Recorder struct {
	oled    bool
	address uint16

	mu     sync.Mutex
	events []Event
	dc     gpio.Level
	since  time.Time // of the last change of RES#
	waits  time.Time // since when BUSY is read
}

// NewRecorder records an OLED, which on I2C has that address, or e-paper.
func NewRecorder(oled bool, address uint16) *Recorder { return &Recorder{oled: oled, address: address} }

// Events returns what was recorded so far.
func (r *Recorder) Events() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Operation says to what the following events belong.
func (r *Recorder) Operation(name string) { r.add(Event{Kind: "operation", Name: name}) }

// Failed records an error, if there is one, and returns it.
func (r *Recorder) Failed(err error) error {
	if err != nil {
		r.add(Event{Kind: "error", Name: err.Error()})
	}
	return err
}

func (r *Recorder) add(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held()
	r.events = append(r.events, e)
}

// held records how long RES# kept its level. The caller holds mu.
func (r *Recorder) held() {
	if !r.since.IsZero() {
		r.events = append(r.events, Event{Kind: "sleep", Value: int(time.Since(r.since).Milliseconds())})
	}
	r.since = time.Time{}
}

// I2C is a bus whose traffic with the panel is recorded; other devices are left out.
func (r *Recorder) I2C(b i2c.BusCloser) i2c.BusCloser { return recordedBus{b, r} }

type recordedBus struct {
	i2c.BusCloser
	r *Recorder
}

func (b recordedBus) Tx(address uint16, w, read []byte) error {
	err := b.BusCloser.Tx(address, w, read)
	if address != b.r.address {
		return err
	}
	if len(w) > 0 {
		b.r.bytes(w[0]&0x40 != 0, w[1:])
	}
	if len(read) > 0 && err == nil {
		b.r.add(Event{Kind: "read", Data: slices.Clone(read)})
	}
	return b.r.Failed(err)
}

// bytes records commands or data of an OLED.
func (r *Recorder) bytes(data bool, all []byte) {
	kind := "stream"
	if data {
		kind = "data"
	}
	r.add(Event{Kind: kind, Data: slices.Clone(all)})
}

// SPI is a port that is recorded.
func (r *Recorder) SPI(p spi.PortCloser) spi.PortCloser { return recordedPort{p, r} }

type recordedPort struct {
	spi.PortCloser
	r *Recorder
}

func (p recordedPort) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	c, err := p.PortCloser.Connect(f, mode, bits)
	if err != nil {
		return nil, p.r.Failed(err)
	}
	return recordedConn{c, p.r}, nil
}

type recordedConn struct {
	spi.Conn
	r *Recorder
}

// MaxTxSize implements conn.Limits; 0: not known.
func (c recordedConn) MaxTxSize() int {
	if l, ok := c.Conn.(conn.Limits); ok {
		return l.MaxTxSize()
	}
	return 0
}

func (c recordedConn) Tx(w, read []byte) error {
	c.r.sent(w)
	return c.r.Failed(c.Conn.Tx(w, read))
}

// sent records bytes on SPI, which are commands while D/C is low.
func (r *Recorder) sent(w []byte) {
	r.mu.Lock()
	data := bool(r.dc)
	if last := len(r.events) - 1; !r.oled && data && last >= 0 && r.events[last].Kind == "command" {
		r.events[last].Data = append(r.events[last].Data, w...)
	}
	r.mu.Unlock()
	switch {
	case r.oled:
		r.bytes(data, w)
	case !data:
		for _, c := range w {
			r.add(Event{Kind: "command", Value: int(c)})
		}
	}
}

// Pin is a pin that is recorded, by its role: dc, reset, busy or power.
func (r *Recorder) Pin(p gpio.PinIO, role string) gpio.PinIO { return recordedPin{p, r, role} }

type recordedPin struct {
	gpio.PinIO
	r    *Recorder
	role string
}

func (p recordedPin) Out(level gpio.Level) error {
	p.r.out(p.role, level)
	return p.r.Failed(p.PinIO.Out(level))
}

func (r *Recorder) out(role string, level gpio.Level) {
	if role != "dc" {
		r.add(Event{Kind: role, Value: map[gpio.Level]int{gpio.High: 1}[level]})
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch role {
	case "dc":
		r.dc = level
	case "reset":
		r.since = time.Now()
	}
}

// Read records BUSY: one event for a row of readings, with the time from the first to the last.
func (p recordedPin) Read() gpio.Level {
	level := p.PinIO.Read()
	if p.role == "busy" {
		p.r.waited()
	}
	return level
}

func (r *Recorder) waited() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.events); n > 0 && r.events[n-1].Kind == "busy" {
		r.events[n-1].Value = int(time.Since(r.waits).Milliseconds())
		return
	}
	r.held()
	r.waits = time.Now()
	r.events = append(r.events, Event{Kind: "busy"})
}
