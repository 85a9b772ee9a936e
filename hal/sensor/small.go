package sensor

import (
	"context"
	"encoding/binary"
	"errors"
	"time"
)

// readBH1750 measures once in high resolution mode (ROHM BH1750FVI, page 5: opcodes; page 2: 180 ms at most), in lux.
func readBH1750(ctx context.Context, d device) ([]float64, error) {
	const oneTimeHighResolution = 0x20
	if err := d.write(oneTimeHighResolution); err != nil {
		return nil, err
	}
	if err := pause(ctx, 180*time.Millisecond); err != nil {
		return nil, err
	}
	var b [2]byte
	if err := d.bus.Tx(d.address, nil, b[:]); err != nil {
		return nil, err
	}
	return []float64{float64(binary.BigEndian.Uint16(b[:])) / 1.2}, nil // page 7
}

// readINA219 reads bus voltage in V and current in A by the shunt's voltage, as TI SBOS448G section 8.5.3 has it without
// programming (defaults: 320 mV, 32 V, continuous), and power in W.
func readINA219(_ context.Context, d device) ([]float64, error) {
	const shuntVoltage, busVoltage = 0x01, 0x02
	b, err := d.register(shuntVoltage, 2)
	if err != nil {
		return nil, err
	}
	amperes := float64(int16(binary.BigEndian.Uint16(b))) * 10e-6 / d.o.Shunt // LSB 10 uV
	if b, err = d.register(busVoltage, 2); err != nil {
		return nil, err
	}
	word := binary.BigEndian.Uint16(b)
	if word&1 != 0 { // OVF (section 8.6.3.2)
		return nil, errors.New("the measurement overflowed")
	}
	volts := float64(word>>3) * 4e-3 // LSB 4 mV
	return []float64{volts, amperes, volts * amperes}, nil
}
