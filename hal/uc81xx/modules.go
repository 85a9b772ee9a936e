package uc81xx

import (
	"image"
	"time"

	"github.com/paird/paird/hal/internal/epd"
)

// Info describes a module.
type Info struct {
	Name    string
	Chip    string        // the controller
	Size    image.Point   // in pixels, landscape
	Refresh time.Duration // what a refresh takes at most, as Pimoroni's program waits
}

// module is a module and how it is driven.
type module struct {
	Info
	columns, rows int     // of the RAM
	turned        bool    // landscape x runs along the rows, y against the columns, from column offset on
	bits          int     // a pixel
	inks          [3]byte // the values of black, white and red
	reset         epd.Pulse
	resets        int    // pulses; 0: one
	argument      []byte // of refresh (12h) and power off (02h)
	init          [][]byte
	powered       [][]byte // between power on and refresh
	after         [][]byte // after power off
}

// address is the RAM address of a pixel of the landscape picture.
func (m *module) address(x, y int) (column, row int) {
	if m.turned {
		return m.Size.Y - 1 - y, x
	}
	return x, y
}

// refreshLimit is how long a refresh may take.
const refreshLimit = time.Minute

// Modules lists the modules that the package can drive.
func Modules() []Info {
	var all []Info
	for _, m := range modules() {
		all = append(all, m.Info)
	}
	return all
}

// modules returns a new list each time, so that no caller can change that of another.
func modules() []module {
	return []module{
		jd79661(), jd79668(),
		uc8159("inkyimpression4", image.Pt(640, 400), 0b10), uc8159("inkyimpression57", image.Pt(600, 448), 0b11),
		ac073tc1a(),
		e640(), e673(),
	}
}

func quickPulse() epd.Pulse {
	return epd.Pulse{Before: 10 * time.Millisecond, Low: 30 * time.Millisecond, After: 30 * time.Millisecond}
}

func slowPulse() epd.Pulse {
	return epd.Pulse{Before: 10 * time.Millisecond, Low: 100 * time.Millisecond, After: 100 * time.Millisecond}
}

// resolution is command 61h, high bytes first.
func resolution(columns, rows int) []byte {
	return []byte{0x61, byte(columns >> 8), byte(columns), byte(rows >> 8), byte(rows)}
}

// jd79661 is the four-colour Inky pHAT: 122 of 128 columns, the glass from column 0 on.
func jd79661() module {
	return module{
		Info:    Info{"inkyphat79661", "JD79661", image.Pt(250, 122), 40 * time.Second},
		columns: 128, rows: 250, turned: true, bits: 2, inks: [3]byte{0, 1, 3}, reset: quickPulse(), argument: []byte{0x00}, after: [][]byte{{deepSleep, 0xa5}},
		init: [][]byte{
			{0x4d, 0x78}, {0x00, 0x0f, 0x29}, {0x01, 0x07, 0x00}, {0x03, 0x10, 0x54, 0x44}, {0x06, 0x0f, 0x0a, 0x2f, 0x25, 0x22, 0x2e, 0x21},
			{0x50, 0x37}, {0x60, 0x02, 0x02}, resolution(128, 250), {0xe7, 0x1c}, {0xe3, 0x22}, {0xb6, 0x6f}, {0xb4, 0xd0}, {0xe9, 0x01}, {0x30, 0x08},
		},
	}
}

// jd79668 is the four-colour Inky wHAT.
func jd79668() module {
	return module{
		Info:    Info{"inkywhat79668", "JD79668", image.Pt(400, 300), 40 * time.Second},
		columns: 400, rows: 300, bits: 2, inks: [3]byte{0, 1, 3}, reset: quickPulse(), argument: []byte{0x00}, after: [][]byte{{deepSleep, 0xa5}},
		init: [][]byte{
			{0x4d, 0x78}, {0x00, 0x0f, 0x29}, {0x06, 0x0d, 0x12, 0x24, 0x25, 0x12, 0x29, 0x10}, {0x30, 0x08}, {0x50, 0x37}, resolution(400, 300),
			{0xae, 0xcf}, {0xb0, 0x13}, {0xbd, 0x07}, {0xbe, 0xfe}, {0xe9, 0x01},
		},
	}
}

// uc8159 is an Inky Impression with seven colours; setting is its resolution in the panel setting (00h).
func uc8159(name string, size image.Point, setting byte) module {
	return module{
		Info:    Info{name, "UC8159", size, 32 * time.Second},
		columns: size.X, rows: size.Y, bits: 4, inks: [3]byte{0, 1, 4}, reset: slowPulse(),
		init: [][]byte{
			resolution(size.X, size.Y), {0x00, setting<<6 | 0x2f, 0x08}, {0x01, 0x37, 0x00, 0x23, 0x23}, {0x30, 0x3c}, {0x41, 0x00}, {0x50, 0x37},
			{0x60, 0x22}, {0x65, 0x00}, {0xe3, 0xaa}, {0x03, 0x00},
		},
	}
}

// ac073tc1a is the Inky Impression 7.3 with seven colours. It needs two reset pulses.
func ac073tc1a() module {
	return module{
		Info:    Info{"inkyimpression73", "AC073TC1A", image.Pt(800, 480), 45 * time.Second},
		columns: 800, rows: 480, bits: 4, inks: [3]byte{0, 1, 4}, reset: slowPulse(), resets: 2, argument: []byte{0x00},
		init: [][]byte{
			{0xaa, 0x49, 0x55, 0x20, 0x08, 0x09, 0x18}, {0x01, 0x3f, 0x00, 0x32, 0x2a, 0x0e, 0x2a}, {0x00, 0x5f, 0x69}, {0x03, 0x00, 0x54, 0x00, 0x44},
			{0x05, 0x40, 0x1f, 0x1f, 0x2c}, {0x06, 0x6f, 0x1f, 0x16, 0x25}, {0x08, 0x6f, 0x1f, 0x1f, 0x22}, {0x13, 0x00, 0x04}, {0x30, 0x02}, {0x41, 0x00},
			{0x50, 0x3f}, {0x60, 0x02, 0x00}, resolution(800, 480), {0x82, 0x1e}, {0x84, 0x00}, {0x86, 0x00}, {0xe3, 0x2f}, {0xe0, 0x00}, {0xe6, 0x00},
		},
	}
}

func e640() module { return spectra("inkyimpression4spectra", "E640", image.Pt(600, 400), true, 0x47) }

func e673() module {
	m := spectra("inkyimpression73spectra", "E673", image.Pt(800, 480), false, 0x49)
	m.after = [][]byte{{0x00, 0x4f, 0x6e}}
	return m
}

// spectra is an Inky Impression with E Ink Spectra 6; boost is the second setting of its booster (06h).
func spectra(name, chip string, size image.Point, turned bool, boost byte) module {
	columns, rows := size.X, size.Y
	if turned {
		columns, rows = rows, columns
	}
	return module{
		Info:    Info{name, chip, size, 40 * time.Second},
		columns: columns, rows: rows, turned: turned, bits: 4, inks: [3]byte{0, 1, 3}, reset: quickPulse(), argument: []byte{0x00},
		init: [][]byte{
			{0xaa, 0x49, 0x55, 0x20, 0x08, 0x09, 0x18}, {0x01, 0x3f}, {0x00, 0x5f, 0x69}, {0x05, 0x40, 0x1f, 0x1f, 0x2c}, {0x08, 0x6f, 0x1f, 0x1f, 0x22},
			{0x06, 0x6f, 0x1f, 0x17, 0x17}, {0x03, 0x00, 0x54, 0x00, 0x44}, {0x60, 0x02, 0x00}, {0x30, 0x08}, {0x50, 0x3f}, resolution(columns, rows),
			{0xe3, 0x2f}, {0x82, 0x01},
		},
		powered: [][]byte{{0x06, 0x6f, 0x1f, 0x17, boost}},
	}
}
