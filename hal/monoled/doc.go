// Package monoled controls monochrome OLED displays with an SSD1306, SSD1309, SH1106 or SH1107 controller, on I²C or on
// four-wire SPI.
//
// The driver sends only the columns that changed. It does not trust the controller after an error: the next Draw begins with
// the initialization and the whole frame. On I²C it reads the status register before each Draw, so that a controller that
// lost its power is initialized again; on SPI, which cannot be read, it initializes once a minute without darkening the
// display.
//
// The files in reading order: monoled.go has the device, module.go what differs between controllers and modules, update.go
// the transfer of a frame.
//
// # Datasheets
//
// SSD1306: https://cdn-shop.adafruit.com/datasheets/SSD1306.pdf (rev 1.5, Aug 2010); SSD1309 rev 1.1; SH1106:
// https://www.waveshare.com/w/upload/5/5e/SH1106.pdf (V2.3); SH1107 V2.1.
package monoled
