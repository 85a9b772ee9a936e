package bench

import (
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/spi"

	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bustest"
)

// Recorder is a board's hardware whose panel's wires are recorded.
type Recorder struct {
	*bustest.Recorder
	hw    hal.Hardware
	roles map[string]string // by line
}

// NewRecorder records a board that is opened with o; paper: its panel is e-paper.
func NewRecorder(hw hal.Hardware, o hal.Options, paper bool) *Recorder {
	r := &Recorder{bustest.NewRecorder(!paper, o.Address), hw, map[string]string{}}
	for role, name := range o.Pins {
		r.roles[name] = role
	}
	return r
}

// I2C implements hal.Hardware.
func (r *Recorder) I2C(name string) (i2c.BusCloser, error) {
	b, err := r.hw.I2C(name)
	if err != nil {
		return nil, r.Failed(err)
	}
	return r.Recorder.I2C(b), nil
}

// SPI implements hal.Hardware.
func (r *Recorder) SPI(name string) (spi.PortCloser, error) {
	p, err := r.hw.SPI(name)
	if err != nil {
		return nil, r.Failed(err)
	}
	return r.Recorder.SPI(p), nil
}

// Line implements hal.Hardware.
func (r *Recorder) Line(name string) (hal.Line, error) {
	l, err := r.hw.Line(name)
	if err != nil {
		return nil, r.Failed(err)
	}
	if r.roles[name] == "" {
		return l, nil
	}
	return recordedLine{l, r.Pin(l, r.roles[name])}, nil
}

// recordedLine is a line that is used by its recorded pin.
type recordedLine struct {
	hal.Line
	pin gpio.PinIO
}

func (l recordedLine) Out(level gpio.Level) error { return l.pin.Out(level) }
func (l recordedLine) Read() gpio.Level           { return l.pin.Read() }
