// Package hal opens the board: panel, button, LED, buses. It alone reaches the hardware, through Linux's character
// devices; the interfaces have the shape of periph's, so that its drivers could be put in their place.
//
// # Which driver serves which panel
//
//	panel                         controller  bus      driver   why so
//	none, sim, terminal, png      -           -        hal      no hardware
//	ssd1306 128x64 128x32 64x48   SSD1306     I2C SPI  monoled  offsets of small glass; forgets nothing after a bus error
//	        96x16 72x40
//	ssd1309 128x64                SSD1309     I2C SPI  monoled  no charge pump, a command lock
//	sh1106  128x64                SH1106      I2C SPI  monoled  132 columns of RAM, page addressing only
//	sh1107  128x128 64x128        SH1107      I2C SPI  monoled  columns of its RAM are COM lines
//	waveshare1in54v2 200x200      SSD1681     SPI      ssd16xx  both waveforms from the chip
//	waveshare2in13v2 250x122      SSD1675     SPI      ssd16xx  both waveforms ours: the chip has none
//	waveshare2in13v3 250x122      SSD1680     SPI      ssd16xx  partial waveform ours
//	waveshare2in13v4 250x122      SSD1680     SPI      ssd16xx  both waveforms from the chip
//	waveshare2in9v2  296x128      SSD1680     SPI      ssd16xx  partial waveform ours
//	inkyphat         212x104      SSD1675     SPI      ssd16xx  black, white, red; full refresh only
//	inkyphat1608     250x122      SSD1608     SPI      ssd16xx  black, white; full refresh only
//
// Each driver draws through a model of its controller (bustest) in its tests, with no wrong pixel, after faults too.
//
// A panel that fails never ends the board. Draw reports the error, and the next Draw opens bus and pins anew, initialises the
// controller and draws the whole picture; so does hal by itself every ten seconds. An OLED on I2C is asked whether it
// lost its power, one on SPI is initialised anew each minute; paper that lost its power while nobody drew keeps its
// picture and is reset before the next. A wait for BUSY ends after a second, of a refresh after ten, with three colours
// after sixty.
package hal
