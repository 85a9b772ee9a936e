// Package linuxio reaches I2C, SPI and GPIO through Linux's character devices: i2c-dev, spidev and the GPIO
// character device, uAPI v2, behind the interfaces of periph.io/x/conn. On other systems every function fails with "needs Linux".
//
// periph's own host packages are not used. Their GPIO closes file descriptor 0 where two chip files are the same device, as on
// a Raspberry Pi 5; their I2C hands the kernel addresses of a stack that may have moved; a Halt before WaitForEdge is lost.
//
// The files in reading order: i2c.go, spi.go, gpio.go (finding a line), line.go (a line that is held), keyboard.go, names.go
// (names of the configuration), kernel.go (the system calls), other.go (systems without all this).
package linuxio
