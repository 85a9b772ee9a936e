// Package bustest models panel controllers at register level behind the bus interfaces: what is sent to them
// changes registers and RAM as the datasheets say, and Image is what a person would see then. The models know
// nothing of the drivers.
//
// A lenient model does what the chips on common modules do; a strict one also records, as violations, whatever
// the datasheet does not allow. Faults can be asked for: a transaction that fails half way, a panel unplugged
// and plugged in again, a power loss that scrambles the RAM, a BUSY line that stays high, glass wired at another
// column.
//
// Datasheets: Solomon Systech SSD1306 rev 1.5 (Aug 2010), SSD1309 rev 1.1, SSD1680 rev 0.14 (Jun 2019),
// SSD1681 rev 0.13, SSD1675A/B, SSD1608 rev 1.0; Sino Wealth SH1106 V2.3, SH1107 V2.1.
package bustest
