package linuxio

import (
	"strconv"
	"strings"
)

// I2CPath is the device file of a bus: "I2C1" is /dev/i2c-1. ok is false if the bus has no such name.
func I2CPath(bus string) (path string, ok bool) {
	number, ok := strings.CutPrefix(bus, "I2C")
	return "/dev/i2c-" + number, ok && digits(number, 3)
}

// SPIPath is the device file of a bus and chip select: "SPI0.1" is /dev/spidev0.1. ok is false if there is no such name.
func SPIPath(bus string) (path string, ok bool) {
	name, ok := strings.CutPrefix(bus, "SPI")
	number, chipSelect, dot := strings.Cut(name, ".")
	return "/dev/spidev" + name, ok && dot && digits(number, 3) && digits(chipSelect, 2)
}

// digits reports whether s is one to limit ASCII digits.
func digits(s string, limit int) bool {
	return s != "" && len(s) <= limit && strings.Trim(s, "0123456789") == ""
}

// gpioNumber is the N of "GPION".
func gpioNumber(pin string) (uint32, bool) {
	number, ok := strings.CutPrefix(pin, "GPIO")
	n, err := strconv.ParseUint(number, 10, 8)
	return uint32(n), ok && err == nil && number == strconv.FormatUint(n, 10)
}

// chipLine splits "gpiochip0/17".
func chipLine(pin string) (chip string, line uint32, ok bool) {
	chip, number, ok := strings.Cut(pin, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	return chip, uint32(n), ok && err == nil && strings.HasPrefix(chip, "gpiochip")
}
