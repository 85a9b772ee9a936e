package ssd16xx

// What a phase of a waveform applies to a pixel (SSD1680 section 6.7, table 6-5).
const (
	hold    = 0 // VSS
	toBlack = 1 // VSH1, 15 V
	toWhite = 2 // VSL, -15 V
	toRed   = 3 // VSH2, 5 V
)

// group is a part of a waveform: for each of LUT0 to LUT3 and VCOM what four phases apply, how many frames a phase takes, and
// how often the group is repeated after the first time.
//
// The LUT of a pixel is its bit in the red RAM, then in the black and white one. In a partial refresh the red RAM holds
// the old picture: LUT1 is a pixel that becomes white, LUT2 one that becomes black.
type group struct {
	drive  [5][4]byte
	frames [4]byte
	repeat byte
}

// table70 is the waveform register of SSD1675: five LUTs of seven groups, then five times a group.
func table70(groups ...group) []byte {
	t := make([]byte, 70)
	for g, x := range groups {
		x.voltages(t, g, 7)
		copy(t[35+5*g:], append(x.frames[:], x.repeat))
	}
	return t
}

// table153 is the waveform register of SSD1680: five LUTs of twelve groups, seven times a group, the frame rate of each
// group, and which gates scan.
func table153(groups ...group) []byte {
	t := make([]byte, 153)
	for g, x := range groups {
		x.voltages(t, g, 12)
		copy(t[60+7*g:], []byte{x.frames[0], x.frames[1], 0, x.frames[2], x.frames[3], 0, x.repeat})
	}
	for i := range 6 {
		t[144+i] = 0x22 // two groups a byte: 50 Hz
	}
	return t
}

func (x group) voltages(t []byte, g, groups int) {
	for l, d := range x.drive {
		t[l*groups+g] = d[0]<<6 | d[1]<<4 | d[2]<<2 | d[3]
	}
}

// partialGroup drives only what changes, for some frames.
func partialGroup(frames, repeat byte) group {
	return group{drive: [5][4]byte{1: {toWhite}, 2: {toBlack}}, frames: [4]byte{frames}, repeat: repeat}
}

// fullGroups, for the SSD1675 of the 2.13 inch v2: away from the new colour, to and fro, and to it.
func fullGroups() []group {
	black, white := [4]byte{toWhite}, [4]byte{hold, toBlack}
	shake := [4]byte{toBlack, toWhite}
	black2, white2 := [4]byte{toBlack}, [4]byte{hold, toWhite}
	return []group{
		{drive: [5][4]byte{black, white, black, white}, frames: [4]byte{3, 3}, repeat: 2},
		{drive: [5][4]byte{shake, shake, shake, shake}, frames: [4]byte{9, 9}, repeat: 2},
		{drive: [5][4]byte{black2, white2, black2, white2}, frames: [4]byte{3, 3}, repeat: 2},
	}
}

// times are the frames of a group's four phases, and its repeats.
type times [5]byte

// inkyGroups is the waveform of the Inky pHATs but the yellow one (LUT0 black, LUT1 white, LUT3 red): shake, clear, set black
// and white, then many short pushes that bring the slow red particles up.
func inkyGroups(all []times) []group {
	shake := [4]byte{toBlack, hold, toWhite, hold}
	drives := [][5][4]byte{
		{shake, shake, {}, shake},
		{{toWhite, toWhite}, {toWhite, toWhite}, {}, {toWhite, toWhite, toBlack, toBlack}},
		{{hold, toBlack}, {toWhite}},
		{{hold, toBlack}, {}, {}, {toWhite, toRed, toWhite, toRed}},
		{{hold, toBlack, hold, toRed}, {hold, hold, hold, toRed}},
	}
	return timed(drives, all)
}

func timed(drives [][5][4]byte, all []times) []group {
	var groups []group
	for i, t := range all {
		groups = append(groups, group{drive: drives[i], frames: [4]byte(t[:4]), repeat: t[4]})
	}
	return groups
}

func blackTimes() []times {
	return []times{{16, 4, 4, 4, 4}, {16, 4, 4, 4, 4}, {4, 8, 8, 16, 16}}
}

func redTimes() []times {
	return []times{{64, 12, 32, 12, 6}, {16, 8, 4, 4, 6}, {4, 8, 8, 16, 16}, {2, 2, 2, 64, 32}, {2, 2, 2, 2, 2}}
}

// redHighTemperatureTimes are those of the red glass for high temperatures.
func redHighTemperatureTimes() []times {
	return []times{{67, 10, 31, 10, 4}, {16, 8, 4, 4, 6}, {4, 8, 8, 16, 11}, {2, 4, 4, 64, 16}, {6, 6, 6, 2, 2}}
}

// yellowGroups, for the yellow Inky pHAT. Here VCOM (the fifth row) moves too, so that what a pixel gets is the difference.
func yellowGroups() []group {
	all := [4]byte{toRed, toRed, toWhite, toWhite}
	first := [4]byte{toWhite, toBlack, toBlack}
	return timed([][5][4]byte{
		{all, all, all, all, {toWhite, toRed, toRed, toRed}},
		{first, first, {}, first, {toBlack, toBlack, toWhite}},
		{{toWhite, hold, toRed}, {hold, toWhite, toRed}, {}, {toRed, toRed, toWhite}, {toRed, toRed, toRed}},
		{{toRed}, {toWhite}, {}, {toWhite}, {toWhite}},
		{{toRed, toBlack}, {toRed, toWhite}, {}, {toBlack, toBlack}, {toRed, toBlack}},
	}, []times{{64, 16, 64, 16, 8}, {8, 16, 4, 4, 16}, {8, 8, 3, 8, 32}, {8, 4, 0, 0, 16}, {16, 8, 8, 0, 32}})
}
