package bustest

import (
	"cmp"
	"image"
	"time"
)

// The bits of command 22 (SSD1680 page 25): what master activation does, in this order.
const (
	doAnalog    = 1 << 6
	doLoad      = 1 << 4 // the waveform from OTP
	modeTwo     = 1 << 3
	doDisplay   = 1 << 2
	undoAnalog  = 1 << 1
	fullTime    = 2 * time.Second
	partialTime = 300 * time.Millisecond
)

// activate is command 20: "Activate Display Update Sequence".
func (e *EPaper) activate() {
	r := &e.reg
	e.wait(10 * time.Millisecond)
	if r.sequence&doAnalog != 0 {
		r.analog = true
	}
	if r.sequence&doLoad != 0 {
		r.lut, r.loaded = nil, 1
		if e.second() {
			r.loaded = 2
		}
	}
	if r.sequence&doDisplay != 0 {
		e.display(e.second())
	}
	if r.sequence&undoAnalog != 0 {
		r.analog = false
	}
}

// second reports whether the sequence is one with display mode 2, of which SSD1608 has none.
func (e *EPaper) second() bool {
	return e.reg.sequence&modeTwo != 0 && !e.sheet.Chip.legacy && !e.sheet.Whole
}

// display drives every pixel by the waveform that its two RAM bits select.
func (e *EPaper) display(second bool) {
	r := &e.reg
	if !r.analog {
		e.violate("display without analog power")
		return
	}
	if r.lut == nil && (r.loaded == 0 || e.sheet.NoOTP) {
		e.violate("display without a waveform")
		return
	}
	e.count(second)
	if r.pingPong && second {
		defer func() { e.bw, e.red = e.red, e.bw }()
	}
	drive := e.waveforms()
	for gate := range r.mux + 1 {
		for x := range e.sheet.Chip.sources {
			if to := drive[e.index(x, gate)]; to != paperUnknown {
				e.shown[gate*e.sheet.Chip.sources+x] = to
			}
		}
	}
}

func (e *EPaper) count(second bool) {
	if second {
		e.partial++
		e.wait(partialTime)
	} else {
		e.full++
		e.wait(cmp.Or(e.sheet.Full, fullTime))
	}
	e.drivenTill = e.busyTill
}

// index is the waveform of a pixel: its bit in the red RAM, then in the black and white one (SSD1680 table 6-6: LUT0 is
// R 0 B 0, LUT1 R 0 B 1, LUT2 R 1 B 0, LUT3 R 1 B 1).
func (e *EPaper) index(x, gate int) int {
	at, bit := e.address(x, gate)
	return option(e.red[at]&bit != 0, e.reg.redOption)<<1 | option(e.bw[at]&bit != 0, e.reg.bwOption)
}

// address is where the RAMs hold an output.
func (e *EPaper) address(x, gate int) (at int, bit byte) {
	if e.reg.topBottom { // 01h TB: scanned from the last gate
		gate = e.reg.mux - gate
	}
	return gate*(e.sheet.Chip.sources/8) + x/8, byte(0x80) >> (x % 8)
}

// RAM returns the bits of a pixel in the black and white RAM (24h) and in the red one (26h).
func (e *EPaper) RAM(x, y int) (bw, red bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, bit := e.address(e.sheet.Wire(x, y))
	return e.bw[at]&bit != 0, e.red[at]&bit != 0
}

// option is 21h: 0 as it is, 4 as zero, 8 inverted.
func option(bit bool, o byte) int {
	if o == 4 {
		return 0
	}
	if bit != (o == 8) {
		return 1
	}
	return 0
}

// waveforms is the colour to which each of the four waveforms drives a pixel; paperUnknown leaves it.
func (e *EPaper) waveforms() [4]byte {
	switch {
	case e.reg.lut != nil && e.sheet.Chip.lut != 30:
		return e.custom()
	case e.reg.loaded == 2: // differential: red RAM is the old picture
		return [4]byte{paperUnknown, paperWhite, paperBlack, paperUnknown}
	case e.sheet.Accent:
		return [4]byte{paperBlack, paperWhite, paperRed, paperRed}
	}
	return [4]byte{paperBlack, paperWhite, paperBlack, paperWhite}
}

// custom reads the waveform register: for each of LUT0 to LUT3 a byte a group with the voltages of four phases, then a
// group's times (SSD1680 section 6.7, page 14: 12 groups; SSD1675B: 7 groups). The last voltage that is applied for
// long enough to move the particles decides.
func (e *EPaper) custom() (to [4]byte) {
	groups, times, phases := 12, 7, [4]int{0, 1, 3, 4} // TPA TPB SRAB TPC TPD SRCD RP
	if e.sheet.Chip.lut == 70 {
		groups, times, phases = 7, 5, [4]int{0, 1, 2, 3} // TPA TPB TPC TPD RP
	}
	for l := range to {
		to[l] = paperUnknown
		for g := range groups {
			t := e.reg.lut[5*groups+g*times:][:times]
			repeat := int(t[times-1]) + 1
			for p, at := range phases {
				voltage := e.reg.lut[l*groups+g] >> (6 - 2*p) & 3
				if frames := int(t[at]) * repeat; frames >= [4]int{1 << 30, 3, 3, 32}[voltage] { // VSH2 is weak: red is slow
					to[l] = [4]byte{paperUnknown, paperBlack, paperWhite, paperRed}[voltage]
				}
			}
		}
	}
	return to
}

// Image is what a person sees: 0 black, 128 unknown, 200 red, 255 white.
func (e *EPaper) Image() *image.Gray {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := image.NewGray(image.Rectangle{Max: e.sheet.Size})
	for y := range e.sheet.Size.Y {
		for x := range e.sheet.Size.X {
			source, gate := e.sheet.Wire(x, y)
			m.Pix[m.PixOffset(x, y)] = [4]byte{0, 255, 200, 128}[e.shown[gate*e.sheet.Chip.sources+source]]
		}
	}
	return m
}
