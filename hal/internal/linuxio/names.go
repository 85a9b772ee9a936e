package linuxio

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	i2cName = regexp.MustCompile(`^I2C([0-9]{1,3})$`)
	spiName = regexp.MustCompile(`^SPI([0-9]{1,3})\.([0-9]{1,2})$`)
)

// i2cPath is the device of a bus: "I2C1" is /dev/i2c-1.
func i2cPath(bus string) (string, error) {
	m := i2cName.FindStringSubmatch(bus)
	if m == nil {
		return "", fmt.Errorf("%q is not the name of an I2C bus, as I2C1", bus)
	}
	return "/dev/i2c-" + m[1], nil
}

// spiPath is the device of a bus and chip select: "SPI0.1" is /dev/spidev0.1.
func spiPath(bus string) (string, error) {
	m := spiName.FindStringSubmatch(bus)
	if m == nil {
		return "", fmt.Errorf("%q is not the name of an SPI bus, as SPI0.0", bus)
	}
	return "/dev/spidev" + m[1] + "." + m[2], nil
}

// gpioNumber is the N of "GPION".
func gpioNumber(pin string) (uint32, bool) {
	digits, ok := strings.CutPrefix(pin, "GPIO")
	n, err := strconv.ParseUint(digits, 10, 8)
	return uint32(n), ok && err == nil && digits == strconv.FormatUint(n, 10)
}

// chipLine splits "gpiochip0/17".
func chipLine(pin string) (chip string, line uint32, ok bool) {
	chip, digits, ok := strings.Cut(pin, "/")
	n, err := strconv.ParseUint(digits, 10, 16)
	return chip, uint32(n), ok && err == nil && strings.HasPrefix(chip, "gpiochip")
}
