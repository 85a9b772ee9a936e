// Package bustest models panel controllers at register level behind periph's bus interfaces: what is sent to them changes
// registers and RAM as the datasheets say, and Image is what a person would see. The models share no code with the drivers.
//
// A lenient model does what the chips on common modules do; a strict one also records, as violations, whatever
// the datasheet does not allow. A test can ask for faults: a transaction that fails half way, a panel unplugged
// and plugged in again, a power loss that scrambles the RAM, a BUSY line that stays high, glass wired at another
// column.
//
// A transfer of more than 4096 bytes is refused, as spidev does; a clock that is too fast is a violation.
//
// The files in reading order: bus.go has what all models share; oled.go the OLED module and its bus, oled_command.go its
// commands, oled_image.go its RAM and glass; epaper.go the e-paper module and its bus, epaper_command.go its commands,
// epaper_refresh.go what a refresh does to the paper; colour.go e-paper whose controllers have their own waveforms; modules.go how
// the modules are wired; traffic.go reads what the vendors' own drivers put on the wire (testdata/vendor, written by
// scripts/vendor-traffic) and recordings of ours, which traffic_write.go writes; record.go records a
// driver of ours; traffic_replay.go puts a recording on the wire of a model; traffic_compare.go finds in what two recordings differ;
// bme280.go and sensor.go are the sensors, and the EEPROM by which a HAT says what it is.
//
// Datasheets: Solomon Systech SSD1306 rev 1.5 (Aug 2010), SSD1309 rev 1.1, SSD1680 rev 0.14 (Jun 2019),
// SSD1681 rev 0.13, SSD1675A/B, SSD1608 rev 1.0; Sino Wealth SH1106 V2.3, SH1107 V2.1.
package bustest
