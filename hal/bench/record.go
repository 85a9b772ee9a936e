package bench

import (
	"sync"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bustest"
)

// Recorder is a board's hardware whose panel's wires are recorded. It is safe for concurrent use.
type Recorder struct {
	hal.Hardware
	address uint16
	paper   bool
	roles   map[string]string // by line

	mu     sync.Mutex
	events []bustest.Event
	dc     gpio.Level
	since  time.Time // of the last change of RES#
	waits  time.Time // since when BUSY is read
}

// NewRecorder records a board that is opened with o; paper: its panel is e-paper.
func NewRecorder(hw hal.Hardware, o hal.Options, paper bool) *Recorder {
	r := &Recorder{Hardware: hw, address: o.Address, paper: paper, roles: map[string]string{}}
	for role, name := range o.Pins {
		r.roles[name] = role
	}
	return r
}

// Operation says to what the following events belong.
func (r *Recorder) Operation(name string) { r.add(bustest.Event{Kind: "operation", Name: name}) }

// Failed records an error, if there is one, and returns it.
func (r *Recorder) Failed(err error) error {
	if err != nil {
		r.add(bustest.Event{Kind: "error", Name: err.Error()})
	}
	return err
}

// Events returns what was recorded so far.
func (r *Recorder) Events() []bustest.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]bustest.Event(nil), r.events...)
}

func (r *Recorder) add(e bustest.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held()
	r.events = append(r.events, e)
}

// held records how long RES# kept its level. The caller holds mu.
func (r *Recorder) held() {
	if !r.since.IsZero() {
		r.events = append(r.events, bustest.Event{Kind: "sleep", Value: int(time.Since(r.since).Milliseconds())})
	}
	r.since = time.Time{}
}

// I2C implements hal.Hardware.
func (r *Recorder) I2C(name string) (i2c.BusCloser, error) {
	b, err := r.Hardware.I2C(name)
	if err != nil {
		return nil, r.Failed(err)
	}
	return recordedBus{b, r}, nil
}

type recordedBus struct {
	i2c.BusCloser
	r *Recorder
}

// Tx records what goes to the panel and what its status is; other devices are left out.
func (b recordedBus) Tx(address uint16, w, read []byte) error {
	err := b.BusCloser.Tx(address, w, read)
	if address != b.r.address {
		return err
	}
	if len(w) > 0 {
		b.r.bytes(w[0]&0x40 != 0, w[1:])
	}
	if len(read) > 0 && err == nil {
		b.r.add(bustest.Event{Kind: "read", Data: append([]byte(nil), read...)})
	}
	return b.r.Failed(err)
}

// bytes records commands or data of an OLED.
func (r *Recorder) bytes(data bool, all []byte) {
	kind := "stream"
	if data {
		kind = "data"
	}
	r.add(bustest.Event{Kind: kind, Data: append([]byte(nil), all...)})
}

// SPI implements hal.Hardware.
func (r *Recorder) SPI(name string) (spi.PortCloser, error) {
	p, err := r.Hardware.SPI(name)
	if err != nil {
		return nil, r.Failed(err)
	}
	return recordedPort{p, r}, nil
}

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
	if last := len(r.events) - 1; r.paper && data && last >= 0 && r.events[last].Kind == "command" {
		r.events[last].Data = append(r.events[last].Data, w...)
	}
	r.mu.Unlock()
	switch {
	case !r.paper:
		r.bytes(data, w)
	case !data:
		for _, c := range w {
			r.add(bustest.Event{Kind: "command", Value: int(c)})
		}
	}
}

// Line implements hal.Hardware.
func (r *Recorder) Line(name string) (hal.Line, error) {
	l, err := r.Hardware.Line(name)
	if err != nil {
		return nil, r.Failed(err)
	}
	if r.roles[name] == "" {
		return l, nil
	}
	return recordedLine{l, r, r.roles[name]}, nil
}

type recordedLine struct {
	hal.Line
	r    *Recorder
	role string
}

func (l recordedLine) Out(level gpio.Level) error {
	l.r.out(l.role, level)
	return l.r.Failed(l.Line.Out(level))
}

func (r *Recorder) out(role string, level gpio.Level) {
	value := map[gpio.Level]int{gpio.High: 1}[level]
	switch role {
	case "dc":
		r.mu.Lock()
		r.dc = level
		r.mu.Unlock()
	case "power":
		r.add(bustest.Event{Kind: role, Value: value})
	case "reset":
		r.add(bustest.Event{Kind: role, Value: value})
		r.mu.Lock()
		r.since = time.Now()
		r.mu.Unlock()
	}
}

// Read records BUSY: one event for a row of readings, with the time from the first to the last.
func (l recordedLine) Read() gpio.Level {
	level := l.Line.Read()
	if l.role == "busy" {
		l.r.waited()
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
	r.events = append(r.events, bustest.Event{Kind: "busy"})
}
