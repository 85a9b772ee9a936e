// Package ssd16xx controls e-paper modules with a controller of the SSD1680 family: SSD1608, SSD1675, SSD1680, SSD1681.
//
// A module that can refresh in part does so whenever the picture before is known; Full asks for a full refresh, which flashes
// and removes what earlier pictures left. A picture that is shown already is not sent. After an error the next Draw resets the
// controller and refreshes the whole paper. Every wait for BUSY has a limit.
//
// The files in reading order: ssd16xx.go has the device, refresh.go the full and the partial refresh, modules.go what differs
// between modules, waveform.go the waveforms of those whose controller has none.
//
// # Datasheets
//
// SSD1680 rev 0.14 (Jun 2019), SSD1681 rev 0.13, SSD1675A and B, SSD1608 rev 1.0:
// https://www.waveshare.com/wiki/E-Paper_Driver_HAT lists them with the modules.
package ssd16xx
