package ssd16xx

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
	Accent  bool          // the paper has red or yellow besides black and white
	Partial bool          // it can refresh in part, without flashing
	Refresh time.Duration // what a full refresh takes, by the datasheet of the paper
}

// module is a module and how it is driven.
type module struct {
	Info
	columns, rows int           // of the RAM that is used, in pixels
	transposed    bool          // landscape x runs along the gates
	flipX, flipY  bool          // then, of the RAM's axes
	offset        int           // RAM column of the first pixel
	reset         epd.Pulse     // on RES#
	settle        time.Duration // after command 12h
	init          [][]byte
	full, partial update
}

// update is what a refresh needs: commands that set border and waveform, the value of command 22h, and how long BUSY may stay
// high.
type update struct {
	prepare  [][]byte
	sequence byte
	limit    time.Duration
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

// The values of command 22h (SSD1680 page 25): clock and analog power on, temperature and waveform from OTP or as set, display
// in mode 1 or 2, power off.
const (
	fullFromOTP    = 0xf7
	partialFromOTP = 0xff
	fullAsSet      = 0xc7
	partialAsSet   = 0xcf
	fullAfterReset = 0xff // the value after a reset, which Pimoroni leaves: SSD1608 has no mode 2, its SSD1683 paper the same waveform in both
)

// The limits of BUSY: five times what the datasheets say of black and white, twice of three colours.
const (
	usualLimit  = 10 * time.Second
	colourLimit = time.Minute
)

// The border, command 3Ch: in a full refresh its waveform is that of a white pixel, in a partial one it has none.
const (
	borderWhite = 0x05
	borderHold  = 0x80
)

// modules returns a new list each time, so that no caller can change that of another.
func modules() []module {
	all := []module{waveshare1in54v2(), waveshare2in13v2(), waveshare2in13v3(), waveshare2in13v4(), waveshare2in9v2()}
	return append(all, inkys()...)
}

// The pulses of Waveshare's own programs. Boards whose RST also switches the panel's power need the short one.
func longPulse() epd.Pulse {
	return epd.Pulse{Before: 200 * time.Millisecond, Low: 5 * time.Millisecond, After: 200 * time.Millisecond}
}

func shortPulse() epd.Pulse {
	return epd.Pulse{Before: 20 * time.Millisecond, Low: 2 * time.Millisecond, After: 20 * time.Millisecond}
}

// internalSensor makes the chip choose the waveform by its own temperature sensor (command 18h).
func internalSensor() []byte { return []byte{0x18, 0x80} }

// fromS8 names the sources to which the glass is wired, S8 to S167 (command 21h). The addresses of the RAM stay the same.
func fromS8() []byte { return []byte{0x21, 0x00, 0x80} }

func waveshare1in54v2() module {
	return module{
		Info:    Info{"waveshare1in54v2", "SSD1681", image.Pt(200, 200), false, true, 2 * time.Second},
		columns: 200, rows: 200, reset: longPulse(),
		init:    [][]byte{{0x01, 0xc7, 0x00, 0x00}, internalSensor()},
		full:    update{[][]byte{{0x3c, borderWhite}}, fullFromOTP, usualLimit},
		partial: update{[][]byte{{0x3c, borderHold}}, partialFromOTP, usualLimit},
	}
}

func waveshare2in13v2() module {
	return module{
		Info:    Info{"waveshare2in13v2", "SSD1675", image.Pt(250, 122), false, true, 2 * time.Second},
		columns: 128, rows: 250, transposed: true, flipY: true, reset: longPulse(),
		init:    [][]byte{{0x74, 0x54}, {0x7e, 0x3b}, {0x01, 0xf9, 0x00, 0x00}, {0x03, 0x15}, {0x04, 0x41, 0xa8, 0x32}, {0x3a, 0x30}, {0x3b, 0x0a}},
		full:    update{[][]byte{{0x3c, 0x03}, {0x2c, 0x55}, waveform(table70(fullGroups()...))}, fullAsSet, usualLimit},
		partial: update{[][]byte{{0x3c, 0x01}, {0x2c, 0x26}, waveform(table70(partialGroup(10, 0)))}, partialAsSet, usualLimit},
	}
}

func waveshare2in13v3() module {
	m := waveshare2in13v4()
	m.Name = "waveshare2in13v3"
	m.partial = update{[][]byte{{0x3c, borderHold}, waveform(table153(partialGroup(20, 0))), {0x3f, 0x22}, {0x03, 0x17}, {0x04, 0x41, 0x00, 0x32}, {0x2c, 0x36}},
		partialAsSet, usualLimit}
	return m
}

func waveshare2in13v4() module {
	return module{
		Info:    Info{"waveshare2in13v4", "SSD1680", image.Pt(250, 122), false, true, 2 * time.Second},
		columns: 128, rows: 250, transposed: true, flipY: true, reset: shortPulse(),
		init:    [][]byte{{0x01, 0xf9, 0x00, 0x00}, fromS8(), internalSensor()},
		full:    update{[][]byte{{0x3c, borderWhite}}, fullFromOTP, usualLimit},
		partial: update{[][]byte{{0x3c, borderHold}}, partialFromOTP, usualLimit},
	}
}

func waveshare2in9v2() module {
	return module{
		Info:    Info{"waveshare2in9v2", "SSD1680", image.Pt(296, 128), false, true, 2 * time.Second},
		columns: 128, rows: 296, transposed: true, flipY: true, reset: shortPulse(),
		init: [][]byte{{0x01, 0x27, 0x01, 0x00}, fromS8(), internalSensor()},
		full: update{[][]byte{{0x3c, borderWhite}}, fullFromOTP, usualLimit},
		partial: update{[][]byte{{0x3c, borderHold}, waveform(table153(partialGroup(10, 1))), {0x3f, 0x22}, {0x03, 0x17}, {0x04, 0x41, 0xb0, 0x32}, {0x2c, 0x36}},
			partialAsSet, usualLimit},
	}
}

// inkys are Pimoroni's modules. Each comes with black, red and yellow glass; none refreshes in part.
func inkys() []module {
	yellow := inkyPHAT("inkyphatyellow", true, yellowGroups())
	yellow.init = append(yellow.init, []byte{0x04, 0x07, 0xac, 0x32}) // source voltages
	all := []module{
		inkyPHAT("inkyphat", true, inkyGroups(redTimes())),
		inkyPHAT("inkyphatredht", true, inkyGroups(redHighTemperatureTimes())),
		inkyPHAT("inkyphatblack", false, inkyGroups(blackTimes())),
		yellow,
	}
	all = append(all, inkyWHATs()...)
	for _, colour := range []string{"", "red", "yellow"} {
		all = append(all, inkyPHAT1608("inkyphat1608"+colour, colour != ""))
	}
	for _, colour := range []string{"", "red", "yellow"} {
		all = append(all, inkyWHAT1683("inkywhat1683"+colour, colour != ""))
	}
	return all
}

// inkyRefresh is what a refresh takes.
func inkyRefresh(accent bool) time.Duration {
	if accent {
		return 30 * time.Second
	}
	return 8 * time.Second
}

func inkyPHAT(name string, accent bool, groups []group) module {
	return module{
		Info:    Info{name, "SSD1675", image.Pt(212, 104), accent, false, inkyRefresh(accent)},
		columns: 104, rows: 212, transposed: true, flipX: true,
		reset: inkyPulse(),
		init:  [][]byte{{0x74, 0x54}, {0x7e, 0x3b}, {0x01, 0xd3, 0x00, 0x00}, {0x03, 0x17}, {0x04, 0x41, 0xac, 0x32}, {0x3a, 0x07}, {0x3b, 0x04}},
		full:  update{[][]byte{{0x3c, 0x31}, {0x2c, 0x3c}, waveform(table70(groups...))}, fullAsSet, colourLimit},
	}
}

// inkyWHATs are the older 400x300 papers, with the waveforms of the pHATs.
func inkyWHATs() []module {
	what := func(name string, accent bool, groups []group) module {
		m := inkyPHAT(name, accent, groups)
		m.Chip, m.Size = "SSD1683", image.Pt(400, 300)
		m.columns, m.rows, m.transposed, m.flipX = 400, 300, false, false
		m.init[2] = []byte{0x01, 0x2b, 0x01, 0x00}
		return m
	}
	red, yellow := what("inkywhat", true, inkyGroups(redTimes())), what("inkywhatyellow", true, yellowGroups())
	red.init = append(red.init, []byte{0x04, 0x30, 0xac, 0x22}) // source voltages
	yellow.init = append(yellow.init, []byte{0x04, 0x07, 0xac, 0x32})
	return []module{red, what("inkywhatblack", false, inkyGroups(blackTimes())), yellow}
}

// inkyPHAT1608 has its waveforms in the chip.
func inkyPHAT1608(name string, accent bool) module {
	return module{
		Info:    Info{name, "SSD1608", image.Pt(250, 122), accent, false, inkyRefresh(accent)},
		columns: 136, rows: 250, transposed: true, flipX: true, offset: 8, reset: inkyPulse(), settle: inkySettle,
		init: [][]byte{{0x01, 0xf9, 0x00, 0x00}, {0x3a, 0x1b}, {0x3b, 0x0b}, {0x2c, 0x70}},
		full: update{[][]byte{{0x3c, 0x01}}, fullAfterReset, colourLimit},
	}
}

// inkyWHAT1683 has its waveforms in the chip.
func inkyWHAT1683(name string, accent bool) module {
	return module{
		Info:    Info{name, "SSD1683", image.Pt(400, 300), accent, false, inkyRefresh(accent)},
		columns: 400, rows: 300, reset: inkyPulse(), settle: inkySettle,
		init: [][]byte{{0x01, 0x2b, 0x01, 0x00}, {0x3a, 0x1b}, {0x3b, 0x0b}, {0x2c, 0x70}},
		full: update{[][]byte{{0x3c, 0x01}}, fullAfterReset, colourLimit},
	}
}

// inkyPulse is the pulse of all Inky modules. Pimoroni's program for SSD1608 and SSD1683 spends two seconds on it and on command 12h;
// the datasheets ask for 10 ms each, and then for BUSY.
func inkyPulse() epd.Pulse {
	return epd.Pulse{Before: 10 * time.Millisecond, Low: 100 * time.Millisecond, After: 100 * time.Millisecond}
}

// inkySettle is ten times what the datasheets ask for after command 12h.
const inkySettle = 100 * time.Millisecond

// waveform is command 32h with a table.
func waveform(table []byte) []byte { return append([]byte{0x32}, table...) }
