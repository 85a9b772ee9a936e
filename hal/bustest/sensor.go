package bustest

import (
	"encoding/binary"
	"image"
	"slices"
	"sync"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// A SensorModel is a sensor on I2C that measures always the same: what its datasheet works out.
type SensorModel struct {
	Driver  string // its name in hal/sensor
	Address uint16
	Shunt   float64              // the resistor of an INA219, in ohms
	New     func() i2c.BusCloser // a sensor that has just got power
	Values  map[string]float64   // by the names of hal/sensor
}

// SensorModels are all sensors on I2C that hal/sensor reads, each at an address of its own. The BME280 has the temperature and the
// pressure of the BMP280's worked example; no datasheet works out a humidity for it.
func SensorModels() []SensorModel {
	aht, hdc := map[string]float64{"temperature": 50, "humidity": 50}, map[string]float64{"temperature": 65, "humidity": 90}
	bmp := map[string]float64{"temperature": 25.08, "pressure": 1006.53}
	return []SensorModel{
		{"aht20", 0x38, 0, newAHT20, aht},
		{"bh1750", 0x23, 0, newBH1750, map[string]float64{"illuminance": 33680 / 1.2}},
		{"bme280", 0x76, 0, func() i2c.BusCloser { return NewBME280(0x76) }, bmp},
		{"bmp280", 0x77, 0, func() i2c.BusCloser { return NewBMP280(0x77) }, bmp},
		{"hdc302x", 0x44, 0, newHDC302x, hdc},
		{"ina219", 0x40, 0.002, newINA219, map[string]float64{"voltage": 11.98, "current": 10, "power": 119.8}},
		{"mcp9808", 0x18, 0, newMCP9808, map[string]float64{"temperature": 25.25}},
		{"scd4x", 0x62, 0, newSCD4x, map[string]float64{"co2": 500, "temperature": 25, "humidity": 37}},
		{"tmp102", 0x48, 0, newTMP102, map[string]float64{"temperature": 25}},
	}
}

// A chip answers transactions at its address: w is what is written to it, r what is read then.
type chip struct {
	name string
	addr uint16
	mu   sync.Mutex
	tx   func(w, r []byte) error // called with mu held
}

// Tx implements i2c.Bus.
func (c *chip) Tx(addr uint16, w, r []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if addr != c.addr {
		return ErrNACK
	}
	return c.tx(w, r)
}

func (c *chip) String() string                  { return c.name }
func (c *chip) SetSpeed(physic.Frequency) error { return nil }
func (c *chip) Close() error                    { return nil }

// newRegisters is a chip whose first written byte points to a register. Those of fixed cannot be written.
func newRegisters(name string, addr uint16, reg map[byte][]byte, fixed ...byte) *chip {
	var at byte
	return &chip{name: name, addr: addr, tx: func(w, r []byte) error {
		if len(w) > 0 {
			at = w[0]
		}
		value, ok := reg[at]
		if !ok {
			return ErrNACK
		}
		if len(w) > 1 && !slices.Contains(fixed, at) {
			copy(value, w[1:])
		}
		copy(r, value)
		return nil
	}}
}

// NewInkyEEPROM is the EEPROM of an Inky, read from a place of two bytes on: width and height, colour, board 1.2, display variant, and
// the length of a text with the text (Pimoroni inky, eeprom.py).
func NewInkyEEPROM(size image.Point, colour, variant byte) i2c.BusCloser {
	content := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(size.X)), uint16(size.Y))
	content = append(append(content, colour, 12, variant, 21), "2020-06-15 10:00:00.0"...)
	var at int
	return &chip{name: "eeprom", addr: 0x50, tx: func(w, r []byte) error {
		if len(w) > 1 {
			at = int(word(w))
		}
		copy(r, content[min(at, len(content)):])
		return nil
	}}
}

// newINA219 has over its shunt of 2 milliohms the 20 mV of the example, at 11.98 V (TI SBOS448G, table 8; registers: table 2).
func newINA219() i2c.BusCloser {
	return newRegisters("ina219", 0x40, map[byte][]byte{0: {0x39, 0x9f}, 1: {0x07, 0xd0}, 2: {0x5d, 0x98}, 3: {0, 0}, 4: {0, 0}, 5: {0, 0}}, 1, 2, 3, 4)
}

// newMCP9808 is at 25.25 degrees: C194, whose first three bits are alerts (Microchip DS25095A, section 5.1.3).
func newMCP9808() i2c.BusCloser {
	return newRegisters("mcp9808", 0x18, map[byte][]byte{1: {0, 0}, 5: {0xc1, 0x94}, 6: {0x00, 0x54}, 7: {0x04, 0x00}, 8: {0x03}}, 5, 6, 7)
}

// newTMP102 is at 25 degrees (TI SBOS397, table 2), with the other registers as power leaves them.
func newTMP102() i2c.BusCloser {
	return newRegisters("tmp102", 0x48, map[byte][]byte{0: {0x19, 0x00}, 1: {0x60, 0xa0}, 2: {0x4b, 0x00}, 3: {0x50, 0x00}}, 0)
}

// newBH1750 counts 8390h, 28067 lx, in high resolution (ROHM BH1750FVI, page 7), 180 ms after it was asked for one measurement (page 2).
func newBH1750() i2c.BusCloser {
	const oneTimeHighResolution, longest = 0x20, 180 * time.Millisecond
	var asked time.Time
	return &chip{name: "bh1750", addr: 0x23, tx: func(w, r []byte) error {
		if len(w) == 1 && w[0] == oneTimeHighResolution {
			asked = time.Now()
		}
		if !asked.IsZero() && time.Since(asked) >= longest {
			copy(r, []byte{0x83, 0x90})
		}
		return nil
	}}
}

// newAHT20 is at half of both scales, 50 degrees and 50 %, 80 ms after it was asked (Aosong AHT20, section 5.4 and 6). It is
// calibrated, as it is sold.
func newAHT20() i2c.BusCloser {
	const status, measure, busy, calibrated, takes = 0x71, 0xac, 0x80, 0x18, 80 * time.Millisecond
	var asked time.Time
	return &chip{name: "aht20", addr: 0x38, tx: func(w, r []byte) error {
		if len(w) > 0 && w[0] == measure {
			asked = time.Now()
		}
		answer := []byte{calibrated, 0x80, 0x00, 0x08, 0x00, 0x00}
		if time.Since(asked) < takes {
			answer[0] |= busy
		}
		copy(r, append(answer, crc8(answer)))
		return nil
	}}
}

// newHDC302x is at the 90 % and 65 degrees that the datasheet converts for a threshold (TI SNAS778, programming of alerts). It has
// nothing to read, and does not acknowledge, until it has measured: for a second after it was asked to do so each second.
func newHDC302x() i2c.BusCloser {
	const eachSecond, read = 0x2130, 0xe000
	var begun time.Time
	return &chip{name: "hdc302x", addr: 0x44, tx: func(w, r []byte) error {
		switch word(w) {
		case eachSecond:
			begun = time.Now()
		case read:
			if begun.IsZero() || time.Since(begun) < time.Second {
				return ErrNACK
			}
			copy(r, checked(0xa0eb, 0xe667))
		}
		return nil
	}}
}

// newSCD4x has 500 ppm, 25 degrees and 37 % every five seconds (Sensirion SCD4x, section 3.5.2). It does not acknowledge wake_up
// (section 3.10.3), nor read_measurement while there is no measurement that was not read yet (section 3.5.2).
func newSCD4x() i2c.BusCloser {
	const start, stop, wakeUp, ready, read, period = 0x21b1, 0x3f86, 0x36f6, 0xe4b8, 0xec05, 5 * time.Second
	var since time.Time // the last measurement was read, or the first began
	has := func() bool { return !since.IsZero() && time.Since(since) >= period }
	return &chip{name: "scd4x", addr: 0x62, tx: func(w, r []byte) error {
		switch word(w) {
		case start:
			since = time.Now()
		case stop:
			since = time.Time{}
		case ready:
			copy(r, checked(map[bool]uint16{false: 0x8000, true: 0x8006}[has()]))
		case read:
			if !has() {
				return ErrNACK
			}
			since = time.Now()
			copy(r, checked(500, 0x6667, 0x5eb9))
		case wakeUp:
			return ErrNACK
		}
		return nil
	}}
}

// word is a command of two bytes; 0 where w has none.
func word(w []byte) uint16 {
	if len(w) < 2 {
		return 0
	}
	return uint16(w[0])<<8 | uint16(w[1])
}

// checked are words, each with its checksum behind it.
func checked(words ...uint16) (b []byte) {
	for _, v := range words {
		both := []byte{byte(v >> 8), byte(v)}
		b = append(append(b, both...), crc8(both))
	}
	return b
}

// crc8 is the checksum of AHT20, HDC302x and SCD4x: polynomial 31h, begun with FFh (Sensirion SCD4x, section 3.11).
func crc8(b []byte) byte {
	crc := byte(0xff)
	for _, v := range b {
		crc ^= v
		for range 8 {
			carry := crc & 0x80
			if crc <<= 1; carry != 0 {
				crc ^= 0x31
			}
		}
	}
	return crc
}
