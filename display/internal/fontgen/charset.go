package main

// usual is what user codes are made of (RFC 8628 section 6.1) and what separates them.
const usual = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

var (
	ascii    = span('!', '~') // the space is no glyph but an advance
	latin    = ascii + "¡«°·»¿" + span('\u00c0', '\u00f6') + span('\u00f8', '\u00ff') + "–—‘’“”„…€ŒœŸ"
	extended = span('\u0100', '\u0131') + span('\u0134', '\u0137') + span('\u0139', '\u013e') + span('\u0141', '\u0148') +
		span('\u014c', '\u0151') + span('\u0154', '\u0165') + span('\u0168', '\u0177') + span('\u0179', '\u017e')
)

func span(first, last rune) (s string) {
	for r := first; r <= last; r++ {
		s += string(r)
	}
	return s
}
