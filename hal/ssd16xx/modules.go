package ssd16xx

import (
	"image"
	"time"
)

// Info describes a module.
type Info struct {
	Name    string
	Chip    string        // the controller
	Size    image.Point   // in pixels, landscape
	Accent  bool          // the paper has red besides black and white
	Partial bool          // it can refresh in part, without flashing
	Refresh time.Duration // what a full refresh takes, by the datasheet of the glass
}

// module is a module and how it is driven.
type module struct {
	Info
	columns, rows   int  // of the RAM that is used, in pixels
	transposed      bool // landscape x runs along the gates
	flipX, flipY    bool // then, of the RAM's axes
	offset          int  // RAM column of the first pixel
	init            [][]byte
	full            [][]byte
	fullSequence    byte // of command 22
	fullLimit       time.Duration
	partial         [][]byte
	partialSequence byte
}

// address is the RAM address of a pixel of the landscape picture.
func (m *module) address(x, y int) (column, row int) {
	column, row = x, y
	if m.transposed {
		column, row = y, x
	}
	width, height := m.visible()
	if m.flipX {
		column = width - 1 - column
	}
	if m.flipY {
		row = height - 1 - row
	}
	return column + m.offset, row
}

// visible is the picture's size along the RAM's axes.
func (m *module) visible() (columns, rows int) {
	if m.transposed {
		return m.Size.Y, m.Size.X
	}
	return m.Size.X, m.Size.Y
}

// Modules lists the modules that the package can drive.
func Modules() []Info {
	var all []Info
	for _, m := range modules() {
		all = append(all, m.Info)
	}
	return all
}

const usualLimit = 10 * time.Second

// The values of command 22 (SSD1680 page 25): clock and analog power on, perhaps temperature and waveform from OTP, display in
// mode 1 or 2, power off.
const (
	fullFromOTP    = 0xf7
	partialFromOTP = 0xff
	fullAsSet      = 0xc7
	partialAsSet   = 0xcf
	fullLegacy     = 0xff // SSD1608: bit 3 is the initial, flashing display
)

// The border: its waveform is that of a white pixel in a full refresh, and nothing in a partial one.
var (
	borderWhite = []byte{0x3c, 0x05}
	borderHold  = []byte{0x3c, 0x80}
)

// modules returns a new list each time, so that no caller can change that of another.
func modules() []module {
	internalSensor := []byte{0x18, 0x80}
	s8 := []byte{0x21, 0x00, 0x80} // the glass is wired to S8 to S167
	return []module{
		{
			Info:    Info{"waveshare1in54v2", "SSD1681", image.Pt(200, 200), false, true, 2 * time.Second},
			columns: 200, rows: 200,
			init: [][]byte{{0x01, 0xc7, 0x00, 0x00}, internalSensor},
			full: [][]byte{borderWhite}, fullSequence: fullFromOTP, fullLimit: usualLimit,
			partial: [][]byte{borderHold}, partialSequence: partialFromOTP,
		},
		{
			Info:    Info{"waveshare2in13v2", "SSD1675", image.Pt(250, 122), false, true, 2 * time.Second},
			columns: 128, rows: 250, transposed: true, flipY: true,
			init: [][]byte{{0x74, 0x54}, {0x7e, 0x3b}, {0x01, 0xf9, 0x00, 0x00}, {0x03, 0x15}, {0x04, 0x41, 0xa8, 0x32}, {0x3a, 0x30}, {0x3b, 0x0a}},
			full: [][]byte{{0x3c, 0x03}, {0x2c, 0x55}, waveform(table70(fullGroups()...))}, fullSequence: fullAsSet, fullLimit: usualLimit,
			partial: [][]byte{{0x3c, 0x01}, {0x2c, 0x26}, waveform(table70(partialGroup(10, 0)))}, partialSequence: partialAsSet,
		},
		{
			Info:    Info{"waveshare2in13v3", "SSD1680", image.Pt(250, 122), false, true, 2 * time.Second},
			columns: 128, rows: 250, transposed: true, flipY: true,
			init: [][]byte{{0x01, 0xf9, 0x00, 0x00}, s8, internalSensor},
			full: [][]byte{borderWhite}, fullSequence: fullFromOTP, fullLimit: usualLimit,
			partial:         [][]byte{borderHold, waveform(table153(partialGroup(20, 0))), {0x3f, 0x22}, {0x03, 0x17}, {0x04, 0x41, 0x00, 0x32}, {0x2c, 0x36}},
			partialSequence: partialAsSet,
		},
		{
			Info:    Info{"waveshare2in13v4", "SSD1680", image.Pt(250, 122), false, true, 2 * time.Second},
			columns: 128, rows: 250, transposed: true, flipY: true,
			init: [][]byte{{0x01, 0xf9, 0x00, 0x00}, s8, internalSensor},
			full: [][]byte{borderWhite}, fullSequence: fullFromOTP, fullLimit: usualLimit,
			partial: [][]byte{borderHold}, partialSequence: partialFromOTP,
		},
		{
			Info:    Info{"waveshare2in9v2", "SSD1680", image.Pt(296, 128), false, true, 2 * time.Second},
			columns: 128, rows: 296, transposed: true, flipY: true,
			init: [][]byte{{0x01, 0x27, 0x01, 0x00}, s8, internalSensor},
			full: [][]byte{borderWhite}, fullSequence: fullFromOTP, fullLimit: usualLimit,
			partial:         [][]byte{borderHold, waveform(table153(partialGroup(10, 1))), {0x3f, 0x22}, {0x03, 0x17}, {0x04, 0x41, 0xb0, 0x32}, {0x2c, 0x36}},
			partialSequence: partialAsSet,
		},
		{
			Info:    Info{"inkyphat", "SSD1675", image.Pt(212, 104), true, false, 30 * time.Second},
			columns: 104, rows: 212, transposed: true, flipX: true,
			init: [][]byte{{0x74, 0x54}, {0x7e, 0x3b}, {0x01, 0xd3, 0x00, 0x00}, {0x03, 0x17}, {0x04, 0x41, 0xac, 0x32}, {0x3a, 0x07}, {0x3b, 0x04}},
			full: [][]byte{{0x3c, 0x31}, {0x2c, 0x3c}, waveform(table70(redGroups()...))}, fullSequence: fullAsSet, fullLimit: 60 * time.Second,
		},
		{
			Info:    Info{"inkyphat1608", "SSD1608", image.Pt(250, 122), false, false, 15 * time.Second},
			columns: 136, rows: 250, transposed: true, flipX: true, offset: 8,
			init: [][]byte{{0x01, 0xf9, 0x00, 0x00}, {0x3a, 0x1b}, {0x3b, 0x0b}, {0x2c, 0x70}},
			full: [][]byte{{0x3c, 0x01}}, fullSequence: fullLegacy, fullLimit: 60 * time.Second,
		},
	}
}

// waveform is command 32 with a table.
func waveform(table []byte) []byte { return append([]byte{0x32}, table...) }
