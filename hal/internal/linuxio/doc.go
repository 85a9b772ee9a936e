// Package linuxio reaches I2C, SPI and GPIO through Linux's character devices: i2c-dev, spidev and the GPIO
// character device, uAPI v2. On other systems everything fails with "needs Linux".
package linuxio
