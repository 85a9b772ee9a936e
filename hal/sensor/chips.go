package sensor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// readDS18B20 asks the kernel's w1_therm driver, in degrees Celsius. The kernel measures while the file is read, 0.75 s
// at 12 bits (Maxim DS18B20, page 3), and cannot be interrupted: only the start obeys ctx.
func readDS18B20(ctx context.Context, d device) ([]float64, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	path, err := d.oneWire()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	v, err := parseW1(string(b))
	return []float64{v}, err
}

// oneWire is the file of the sensor that the configuration names, or of the only one.
func (d device) oneWire() (string, error) {
	id := d.o.ID
	if id == "" {
		id = "28-*"
	}
	found, err := filepath.Glob(filepath.Join(d.root, "sys/bus/w1/devices", id, "w1_slave"))
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", errors.New("not found on 1-wire; enable it (dtoverlay=w1-gpio in config.txt) and check the wiring")
	case len(found) > 1:
		return "", fmt.Errorf("%d of them on 1-wire; name one by its id", len(found))
	}
	return found[0], nil
}

// parseW1 reads what w1_therm writes: nine bytes of scratchpad twice, whether the checksum is right, the temperature in
// thousandths (Documentation/w1/slaves/w1_therm.rst).
func parseW1(s string) (float64, error) {
	if !strings.Contains(s, " YES\n") {
		return 0, errors.New("checksum wrong; check the wiring and the pull-up")
	}
	// Page 6: the power-on value is +85 degrees, 0550; after a measurement of 85 degrees byte 6 would be 10, not 0C.
	if f := strings.Fields(s); len(f) > 6 && f[0] == "50" && f[1] == "05" && f[6] == "0c" {
		return 0, errors.New("the sensor lost its power and has not measured")
	}
	_, thousandths, _ := strings.Cut(s, "t=")
	n, err := strconv.Atoi(strings.TrimSpace(thousandths))
	if err != nil {
		return 0, errors.New("w1_therm says no temperature")
	}
	return float64(n) / 1000, nil
}
