package bustest

import (
	"encoding/binary"
	"sync"

	"periph.io/x/conn/v3/physic"
)

// BME280 is Bosch's sensor of temperature, pressure and humidity (BST-BME280-DS002 rev 1.6). It measures always the same:
// 25.08 degrees Celsius, 1006.53 hPa and about 55 % relative humidity.
type BME280 struct {
	mu   sync.Mutex
	addr uint16
	reg  [256]byte
	at   byte // the register that is read next
}

// Registers of the BME280 (table 18, page 26).
const (
	bmeTrimming  = 0x88
	bmeID        = 0xd0
	bmeTrimming2 = 0xe1
	bmeCtrlHum   = 0xf2
	bmeCtrlMeas  = 0xf4
	bmePressure  = 0xf7
	bmeTemp      = 0xfa
	bmeHumidity  = 0xfd

	bmeForced = 1 // mode, of ctrl_meas; 2 means the same (table 25, page 29)
)

// NewBME280 returns a sensor that was just powered: it sleeps and has not measured.
func NewBME280(addr uint16) *BME280 {
	b := &BME280{addr: addr}
	b.reg[bmeID] = 0x60
	// T1 to T3 and P1 to P9 are those of the worked example (BST-BMP280-DS001 rev 1.14, section 3.12, page 23).
	words := []int{27504, 26435, -1000, 36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000}
	for i, w := range words {
		binary.LittleEndian.PutUint16(b.reg[bmeTrimming+2*i:], uint16(w))
	}
	// H1 to H6 of a sensor: 75, 361, 0, 326, 50, 30 (table 16, page 24).
	b.reg[0xa1] = 75
	copy(b.reg[bmeTrimming2:], []byte{361 & 0xff, 361 >> 8, 0, 326 >> 4, 326&15 | 50&15<<4, 50 >> 4, 30})
	b.measured(0x80000, 0x80000, 0x8000) // "reset state" (page 30)
	return b
}

// NewBMP280 is a BMP280 (BST-BMP280-DS001 rev 1.14): the same registers but for the humidity's, and an id of its own (page 24).
func NewBMP280(addr uint16) *BME280 {
	b := NewBME280(addr)
	b.reg[bmeID] = 0x58
	return b
}

// measured puts the result of a measurement into the data registers.
func (b *BME280) measured(pressure, temperature, humidity uint32) {
	for at, v := range map[int]uint32{bmePressure: pressure, bmeTemp: temperature} {
		copy(b.reg[at:], []byte{byte(v >> 12), byte(v >> 4), byte(v << 4)})
	}
	binary.BigEndian.PutUint16(b.reg[bmeHumidity:], uint16(humidity))
}

// Tx is one transaction (section 6.2, page 32): pairs of register and value are written; a read begins at the register that
// was written last, and goes on to the next ones.
func (b *BME280) Tx(addr uint16, w, r []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if addr != b.addr {
		return ErrNACK
	}
	for ; len(w) > 1; w = w[2:] {
		b.write(w[0], w[1])
	}
	if len(w) == 1 {
		b.at = w[0]
	}
	for i := range r {
		r[i] = b.reg[b.at]
		b.at++
	}
	return nil
}

func (b *BME280) write(register, value byte) {
	if register < bmeCtrlHum || register >= bmePressure {
		return // read only
	}
	b.reg[register] = value
	if register == bmeCtrlMeas && (value&3 == bmeForced || value&3 == 2) {
		b.reg[bmeCtrlMeas] &^= 3 // "returns to sleep mode" (page 14)
		b.measured(415148, 519888, 30281)
	}
}

// String, SetSpeed and Close make a sensor an i2c.BusCloser.
func (b *BME280) String() string                  { return "bme280" }
func (b *BME280) SetSpeed(physic.Frequency) error { return nil }
func (b *BME280) Close() error                    { return nil }
