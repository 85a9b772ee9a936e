package display

import "strings"

// quiet is the light border of a QR code on a terminal, in modules: ISO/IEC 18004 asks for four, cameras
// read two, and a terminal has few lines.
const quiet = 2

// TerminalQR is the QR code of text in half blocks, two modules a character, for a terminal of light on
// dark or dark on light alike: colours are set, so that dark is dark. It is "" where no code holds text.
func TerminalQR(text string) string {
	s, ok := encode(text, maxVersion)
	if !ok {
		return ""
	}
	var b strings.Builder
	for y := -quiet; y < s.size+quiet; y += 2 {
		b.WriteString("\x1b[30;107m") // black on bright white
		for x := -quiet; x < s.size+quiet; x++ {
			b.WriteRune(halfBlock(s.dark(x, y), s.dark(x, y+1)))
		}
		b.WriteString("\x1b[0m\n")
	}
	return b.String()
}

// halfBlock is the character with a dark upper and lower half.
func halfBlock(upper, lower bool) rune {
	switch {
	case upper && lower:
		return '█'
	case upper:
		return '▀'
	case lower:
		return '▄'
	}
	return ' '
}
