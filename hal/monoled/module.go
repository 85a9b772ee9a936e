package monoled

import (
	"fmt"
	"image"
	"slices"
)

// Chips lists the controllers, in the order of the documents.
func Chips() []string { return []string{"ssd1306", "ssd1309", "sh1106", "sh1107"} }

// Sizes lists the sizes, in pixels, of the modules that are sold with a controller, the most common first. It is empty if the
// controller is unknown.
func Sizes(chip string) []image.Point {
	switch chip {
	case "ssd1306":
		return []image.Point{{X: 128, Y: 64}, {X: 128, Y: 32}, {X: 64, Y: 48}, {X: 96, Y: 16}, {X: 72, Y: 40}}
	case "ssd1309", "sh1106":
		return []image.Point{{X: 128, Y: 64}}
	case "sh1107":
		return []image.Point{{X: 128, Y: 128}, {X: 64, Y: 128}}
	}
	return nil
}

// module is what differs between modules.
type module struct {
	chip   string
	size   image.Point
	column int // RAM column of the left edge
}

func newModule(o *Opts) (module, error) {
	if !slices.Contains(Sizes(o.Chip), o.Size) {
		return module{}, fmt.Errorf("%s: no module of %dx%d pixels", o.Chip, o.Size.X, o.Size.Y)
	}
	m := module{chip: o.Chip, size: o.Size, column: o.ColumnOffset}
	if o.ColumnOffset < 0 {
		m.column = usualColumn(o.Chip, o.Size)
	}
	if width := ramWidth(o.Chip); m.column+o.Size.X > width {
		return module{}, fmt.Errorf("%s: column offset %d and %d pixels are more than its %d columns", o.Chip, m.column, o.Size.X, width)
	}
	return m, nil
}

func ramWidth(chip string) int {
	if chip == "sh1106" {
		return 132
	}
	return 128
}

// usualColumn is the RAM column of the left edge on modules of that size: small glass is wired to the middle of the
// controller's outputs.
func usualColumn(chip string, size image.Point) int {
	switch {
	case chip == "sh1106":
		return 2 // 128 of 132 columns
	case size == image.Pt(64, 48):
		return 32
	case size == image.Pt(72, 40):
		return 28
	}
	return 0
}

// init is the sequence after which the controller shows its RAM as soon as the display is switched on: the order of the
// SSD1306's software initialization (page 64), then what the other controllers need. With dark it begins with display off.
// Without, a display that is on stays on, and the registers are written with the values they should have.
func (m module) init(contrast byte, dark bool) []byte {
	c := []byte{0xe3} // NOP: taken as the argument that is missing if the last transfer broke off
	if m.chip == "ssd1309" {
		c = append(c, 0xfd, 0x12) // unlock (table 8-1)
	}
	if dark {
		c = append(c, 0xae) // display off
	}
	c = append(c,
		0xd5, 0xf0, // the fastest oscillator, no divider: cameras see less banding
		0xa8, m.multiplex(),
		0xd3, m.displayOffset())
	switch m.chip {
	case "ssd1306":
		c = append(c, 0x40, 0x20, 0x02, 0x8d, 0x14, 0xa1, 0xc8, 0xda, m.comPins(), 0xd9, 0xf1, 0xdb, 0x20, 0x2e)
		if m.size == image.Pt(72, 40) {
			c = append(c, 0xad, 0x30) // SSD1306B: the module has no resistor, use the internal reference current
		}
	case "ssd1309": // its drive voltage comes from outside
		c = append(c, 0x40, 0x20, 0x02, 0xa1, 0xc8, 0xda, 0x12, 0xd9, 0x25, 0xdb, 0x34, 0x2e)
	case "sh1106": // AD 8B: internal converter on; 32: 8.0 V
		c = append(c, 0x40, 0xad, 0x8b, 0x32, 0xa1, 0xc8, 0xda, 0x12, 0xd9, 0x22, 0xdb, 0x35)
	case "sh1107": // DC 00: start line; 20: page addressing
		c = append(c, 0xdc, 0x00, 0x20, 0xad, m.converter(), 0xa0, 0xc0, 0xd9, 0x22, 0xdb, 0x35)
	}
	return append(c, 0x81, m.level(contrast), 0xa4, 0xa6)
}

// converter is the DC-DC converter of an SH1107 (command ADh). It is on after a reset, which u8g2 and luma.oled leave on square
// glass. The 64x128 modules make the drive voltage themselves, and Adafruit's driver switches it off.
func (m module) converter() byte {
	if m.size == image.Pt(64, 128) {
		return 0x8a
	}
	return 0x8b
}

// level is the value of the contrast register for a brightness of 0 to 255. On an SH1107 no vendor's driver sets more than half:
// u8g2 2F, luma.oled 7F; 80 after a reset.
func (m module) level(contrast byte) byte {
	if m.chip == "sh1107" {
		return contrast / 2
	}
	return contrast
}

// multiplex is the multiplex ratio less one. The COM lines of an SH1107 run along its columns.
func (m module) multiplex() byte {
	if m.chip == "sh1107" {
		return byte(m.size.X - 1)
	}
	return byte(m.size.Y - 1)
}

// displayOffset moves the COM lines of an SH1107 to the middle of its outputs, where narrow glass is wired.
func (m module) displayOffset() byte {
	if m.chip == "sh1107" && m.size.X < 128 {
		return byte(128 - (128-m.size.X)/2)
	}
	return 0
}

// comPins is the COM pins configuration: short, wide glass has its rows wired in sequence, other glass from both sides
// in turn (SSD1306 section 10.1.18).
func (m module) comPins() byte {
	if m.size.Y == 32 || m.size.Y == 16 {
		return 0x02
	}
	return 0x12
}
