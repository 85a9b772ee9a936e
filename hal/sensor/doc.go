// Package sensor reads sensors on I2C and 1-wire.
//
//	driver   address  measures                         driven by
//	aht20    0x38     temperature, humidity            devices/aht20
//	bh1750   0x23     illuminance                      ours: devices/bh1750 never powers the chip down
//	bme280   0x76     temperature, pressure, humidity  ours: devices/bmxx80 reads H4 and H5 without their sign
//	bmp280   0x76     temperature, pressure            ours: devices/bmxx80 waits for the chip without a limit
//	ds18b20  1-wire   temperature                      ours, by the kernel's w1_therm; devices/ds18b20 needs a bus master of its own
//	hdc302x  0x44     temperature, humidity            devices/hdc302x
//	ina219   0x40     voltage, current, power          ours: devices/ina219 sets a range of 16 V, of the chip's 32
//	mcp9808  0x18     temperature                      devices/mcp9808
//	scd4x    0x62     co2, temperature, humidity       devices/scd4x
//	tmp102   0x48     temperature                      devices/tmp102
//
// devices is periph.io/x/devices/v3. Its drivers for other sensors were not taken: am2320 tries again for 20 seconds, sgp30
// and ccs811 need a program of their own around a reading.
//
// A failed reading closes the bus, and the next reading opens it again: a sensor that was unplugged, or lost its power, is
// simply read again.
//
// The files in reading order: sensor.go has the table of drivers and a reading, periph.go the sensors that periph drives,
// bosch.go BME280 and BMP280, chips.go the others of our own.
package sensor
