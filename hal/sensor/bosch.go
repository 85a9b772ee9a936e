package sensor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Registers of the BME280 (BST-BME280-DS002 rev 1.6, table 18, page 26).
const (
	regCalibration  = 0x88
	regID           = 0xd0
	regCalibration2 = 0xe1
	regCtrlHum      = 0xf2
	regStatus       = 0xf3
	regCtrlMeas     = 0xf4
	regData         = 0xf7

	forcedOnce = 1<<5 | 1<<2 | 1 // oversampling 1 of temperature and pressure, forced mode
	measuring  = 1 << 3          // of the status
)

// trimming is the calibration that Bosch burned in (table 16, page 24).
type trimming struct {
	t1, p1                                 uint16
	t2, t3, p2, p3, p4, p5, p6, p7, p8, p9 int16
	h1, h3                                 uint8
	h2, h4, h5                             int16
	h6                                     int8
}

func readBME280(ctx context.Context, d device) ([]float64, error) { return d.bosch(ctx, true) }
func readBMP280(ctx context.Context, d device) ([]float64, error) { return d.bosch(ctx, false) }

// bosch measures once: temperature in degrees Celsius, pressure in hPa, relative humidity in percent.
func (d device) bosch(ctx context.Context, humid bool) ([]float64, error) {
	if err := d.identify(humid); err != nil {
		return nil, err
	}
	c, err := d.trimming(humid)
	if err != nil {
		return nil, err
	}
	raw, err := d.measure(ctx, humid)
	if err != nil {
		return nil, err
	}
	adcP := float64(uint32(raw[0])<<12 | uint32(raw[1])<<4 | uint32(raw[2])>>4)
	adcT := float64(uint32(raw[3])<<12 | uint32(raw[4])<<4 | uint32(raw[5])>>4)
	if adcT == 0x80000 || adcP == 0x80000 { // the reset value: nothing was measured (page 30)
		return nil, errors.New("the sensor did not measure")
	}
	fine := c.fine(adcT)
	values := []float64{fine / 5120, c.pressure(adcP, fine) / 100}
	if humid {
		values = append(values, c.humidity(float64(binary.BigEndian.Uint16(raw[6:])), fine))
	}
	return values, nil
}

// identify checks the chip's id: 60 is a BME280, 58 a BMP280 (56 and 57 are samples), which is often sold as the other.
func (d device) identify(humid bool) error {
	id, err := d.register(regID, 1)
	if err != nil {
		return err
	}
	switch {
	case id[0] == 0x60, !humid && id[0] >= 0x56 && id[0] <= 0x58:
		return nil
	case id[0] >= 0x56 && id[0] <= 0x58:
		return errors.New(`this is a BMP280, which measures no humidity: set driver = "bmp280"`)
	}
	return fmt.Errorf("another chip answers at 0x%02X (id 0x%02X)", d.address, id[0])
}

func (d device) trimming(humid bool) (c trimming, err error) {
	b, err := d.register(regCalibration, 26)
	if err != nil {
		return c, err
	}
	word := func(i int) int16 { return int16(binary.LittleEndian.Uint16(b[2*i:])) }
	c = trimming{t1: uint16(word(0)), t2: word(1), t3: word(2), p1: uint16(word(3)), p2: word(4), p3: word(5),
		p4: word(6), p5: word(7), p6: word(8), p7: word(9), p8: word(10), p9: word(11), h1: b[25]}
	if !humid {
		return c, nil
	}
	if b, err = d.register(regCalibration2, 7); err != nil {
		return c, err
	}
	c.h2, c.h3, c.h6 = word(0), b[2], int8(b[6])
	c.h4 = int16(int8(b[3]))<<4 | int16(b[4]&15)
	c.h5 = int16(int8(b[5]))<<4 | int16(b[4]>>4)
	return c, nil
}

// measure runs one measurement in forced mode: 9.3 ms at most (page 51).
func (d device) measure(ctx context.Context, humid bool) ([]byte, error) {
	n := 6
	if humid { // "Changes to this register only become effective after a write operation to ctrl_meas" (page 27)
		n = 8
		if err := d.write(regCtrlHum, 1); err != nil {
			return nil, err
		}
	}
	if err := d.write(regCtrlMeas, forcedOnce); err != nil {
		return nil, err
	}
	for range 10 {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return nil, err
		}
		status, err := d.register(regStatus, 1)
		if err != nil {
			return nil, err
		}
		if status[0]&measuring == 0 {
			return d.register(regData, n)
		}
	}
	return nil, errors.New("the sensor does not finish measuring")
}

// fine is the temperature in 1/5120 degree, which the other formulas need (section 8.1, page 49).
func (c trimming) fine(adc float64) float64 {
	v1 := (adc/16384 - float64(c.t1)/1024) * float64(c.t2)
	v2 := adc/131072 - float64(c.t1)/8192
	return v1 + v2*v2*float64(c.t3)
}

// pressure is in Pa; 0 with trimming values that no sensor has.
func (c trimming) pressure(adc, fine float64) float64 {
	v1 := fine/2 - 64000
	v2 := v1*v1*float64(c.p6)/32768 + v1*float64(c.p5)*2
	v2 = v2/4 + float64(c.p4)*65536
	v1 = (float64(c.p3)*v1*v1/524288 + float64(c.p2)*v1) / 524288
	v1 = (1 + v1/32768) * float64(c.p1)
	if v1 == 0 {
		return 0
	}
	p := (1048576 - adc - v2/4096) * 6250 / v1
	return p + (float64(c.p9)*p*p/2147483648+p*float64(c.p8)/32768+float64(c.p7))/16
}

// humidity is in percent.
func (c trimming) humidity(adc, fine float64) float64 {
	h := fine - 76800
	h = (adc - (float64(c.h4)*64 + float64(c.h5)/16384*h)) *
		(float64(c.h2) / 65536 * (1 + float64(c.h6)/67108864*h*(1+float64(c.h3)/67108864*h)))
	h *= 1 - float64(c.h1)*h/524288
	return min(max(h, 0), 100)
}
