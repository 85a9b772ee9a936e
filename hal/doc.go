// Package hal opens the board: panel, button, LED, sensors' buses. It alone reaches the hardware.
//
// Its language is the interfaces of periph.io/x/conn: any display.Drawer is a panel, any i2c.Bus and spi.Port a bus. A panel is
// a row of the table of panels (panels.go); a product adds its own by Options.More.
//
// The files in reading order: board.go opens a board; check.go finds the faults of a configuration; panels.go is the table of
// panels; wiring.go opens buses and pins; physical.go keeps a panel that is hardware working; device.go is such a panel's
// driver with its bus and pins; inky.go finds the Inky by its EEPROM; button.go reads the button; pins.go opens the pins of
// button and LED; terminal.go and png.go are panels without hardware; identify.go names the board; boards.go has the presets
// of boards that are sold.
//
// To add a panel, write its row in panels.go. A module of a known e-paper controller is a function in ssd16xx/modules.go, a size
// of a known OLED controller a line in monoled/module.go; the wiring of both is in bustest/modules.go, a controller's commands
// are in bustest too. A sensor is a row in sensor/sensor.go (or sensor/periph.go, where periph drives it) and a line in that
// package's doc.go. A board that is sold is a row in boards.go. A panel also has a recording of its vendor's own driver, made by
// scripts/vendor-traffic, and in a file like ssd16xx/vendor_test.go the reasons of what ours does otherwise; config/panels.md
// says which driver that is. Package bench records and shows what goes over the wires of a user's board.
//
// # Panels
//
//	panel                    size                                                     controller  bus         driver                       refresh
//	none                     any                                                      -           -           no panel                     -
//	sim                      any                                                      -           -           a web page on loopback       -
//	terminal                 any                                                      -           -           half blocks on a terminal    -
//	png                      any                                                      -           -           a file, replaced atomically  -
//	ssd1306                  128x64 128x32 64x48 96x16 72x40                          SSD1306     I2C or SPI  monoled                      -
//	ssd1309                  128x64                                                   SSD1309     I2C or SPI  monoled                      -
//	sh1106                   128x64                                                   SH1106      I2C or SPI  monoled                      -
//	sh1107                   128x128 64x128                                           SH1107      I2C or SPI  monoled                      -
//	waveshare1in54v2         200x200                                                  SSD1681     SPI         ssd16xx                      2s, in part
//	waveshare2in13v2         250x122                                                  SSD1675     SPI         ssd16xx                      2s, in part
//	waveshare2in13v3         250x122                                                  SSD1680     SPI         ssd16xx                      2s, in part
//	waveshare2in13v4         250x122                                                  SSD1680     SPI         ssd16xx                      2s, in part
//	waveshare2in9v2          296x128                                                  SSD1680     SPI         ssd16xx                      2s, in part
//	inkyphat                 212x104                                                  SSD1675     SPI         ssd16xx                      30s
//	inkyphatredht            212x104                                                  SSD1675     SPI         ssd16xx                      30s
//	inkyphatblack            212x104                                                  SSD1675     SPI         ssd16xx                      8s
//	inkyphatyellow           212x104                                                  SSD1675     SPI         ssd16xx                      30s
//	inkywhat                 400x300                                                  SSD1683     SPI         ssd16xx                      30s
//	inkywhatblack            400x300                                                  SSD1683     SPI         ssd16xx                      8s
//	inkywhatyellow           400x300                                                  SSD1683     SPI         ssd16xx                      30s
//	inkyphat1608             250x122                                                  SSD1608     SPI         ssd16xx                      8s
//	inkyphat1608red          250x122                                                  SSD1608     SPI         ssd16xx                      30s
//	inkyphat1608yellow       250x122                                                  SSD1608     SPI         ssd16xx                      30s
//	inkywhat1683             400x300                                                  SSD1683     SPI         ssd16xx                      8s
//	inkywhat1683red          400x300                                                  SSD1683     SPI         ssd16xx                      30s
//	inkywhat1683yellow       400x300                                                  SSD1683     SPI         ssd16xx                      30s
//	inkyphat79661            250x122                                                  JD79661     SPI         uc81xx                       40s
//	inkywhat79668            400x300                                                  JD79668     SPI         uc81xx                       40s
//	inkyimpression4          640x400                                                  UC8159      SPI         uc81xx                       32s
//	inkyimpression57         600x448                                                  UC8159      SPI         uc81xx                       32s
//	inkyimpression73         800x480                                                  AC073TC1A   SPI         uc81xx                       45s
//	inkyimpression4spectra   600x400                                                  E640        SPI         uc81xx                       40s
//	inkyimpression73spectra  800x480                                                  E673        SPI         uc81xx                       40s
//	inky                     250x122 212x104 400x300 640x400 600x400 600x448 800x480  -           SPI         as its EEPROM says           30s
//
// Refresh is what a full refresh takes: by the datasheet of the paper, for the Inkys by the time limits in Pimoroni's program, or
// what users measure (8s). "In part" says that the panel can also refresh without flashing.
//
// The waveforms of the yellow Inkys (inkyphatyellow, inkywhatyellow) are Pimoroni's, byte for byte; no model checks them.
//
// The colour controllers of uc81xx choose their waveforms themselves; the model checks what they are sent, not what the ink does.
//
// Not driven: the Inky Impression 13.3, whose two controllers (EL133UF1) have a chip select each. The panel inky names it when it
// reads its EEPROM.
//
// A panel that fails never ends the board. Draw returns the error; the next Draw opens bus and pins again, initializes the
// controller and draws the whole picture, and so does hal by itself every ten seconds. An OLED on I2C is asked whether it lost
// its power; one on SPI, which cannot be read, is initialized once a minute. E-paper keeps its picture without power. A wait for
// BUSY ends after a second, after ten seconds for a refresh, after sixty with three colours.
//
// # What of periph's drivers is used
//
// A test runs them on the models of the controllers (bustest), which record what the datasheets do not allow, and holds this
// table true. After an upgrade of periph it says which of ours can go.
//
//	module                  version
//	periph.io/x/devices/v3  v3.7.4
//
//	driver               faults                                           used
//	ssd1306 128x64       bus-error datasheet noise part power-loss        no: monoled
//	ssd1306 128x32       bus-error datasheet noise part power-loss        no: monoled
//	ssd1306 96x16        bus-error datasheet noise part power-loss        no: monoled
//	ssd1306 64x48        bus-error datasheet noise part power-loss wrong  no: monoled
//	ssd1306 for SSD1309  bus-error datasheet noise part power-loss        no: monoled
//	ssd1306 for SH1106   bus-error datasheet noise part power-loss wrong  no: monoled
//	waveshare2in13v2     busy                                             no: it links periph's host, 211 KB
//	waveshare2in13v3     busy datasheet refreshes                         no: ssd16xx
//	waveshare2in13v4     busy datasheet part refreshes                    no: ssd16xx
//	inky pHAT red        busy repeat                                      no: ssd16xx has errors and the model's other colours
//	inky pHAT black      busy repeat                                      no: ssd16xx
//	inky wHAT red        busy repeat                                      no: ssd16xx; its source voltages are not Pimoroni's
//	inky wHAT black      busy repeat                                      no: ssd16xx
//	inky pHAT SSD1608    busy datasheet repeat wrong                      no: ssd16xx
//	inky Impression 4    resolution                                       no: uc81xx
//	inky Impression 5.7  resolution                                       no: uc81xx
//	inky Impression 7.3  wrong                                            no: uc81xx
//
// The faults: wrong, a picture has wrong pixels; part, a part drawn over a picture has, where the chip obeys only what its
// datasheet allows; noise, the display is lit before its RAM is written; bus-error and power-loss, the next Draw after one
// returns nil with wrong pixels; datasheet, commands that the datasheet does not allow; refreshes, a Draw refreshes the paper
// more than once; busy, a wait for BUSY has no limit; repeat, a picture that is shown already is refreshed; resolution, it is
// sent with its bytes in the wrong order.
package hal
