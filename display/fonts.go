package display

import _ "embed" // the faces

// The faces hold capitals of as many pixels as the name says; see FONTS.md for where they come from.
var (
	//go:embed fonts/text7.font
	text7 face
	//go:embed fonts/text9.font
	text9 face
	//go:embed fonts/text11.font
	text11 face
	//go:embed fonts/text15.font
	text15 face
	//go:embed fonts/text19.font
	text19 face
	//go:embed fonts/bold9.font
	bold9 face
	//go:embed fonts/bold11.font
	bold11 face
	//go:embed fonts/bold15.font
	bold15 face
	//go:embed fonts/bold19.font
	bold19 face
	//go:embed fonts/bold26.font
	bold26 face
)

// The faces of the user code are monospaced; no two of their glyphs touch.
var (
	//go:embed fonts/code10.font
	code10 face
	//go:embed fonts/code12.font
	code12 face
	//go:embed fonts/code14.font
	code14 face
	//go:embed fonts/code16.font
	code16 face
	//go:embed fonts/code18.font
	code18 face
	//go:embed fonts/code20.font
	code20 face
	//go:embed fonts/code23.font
	code23 face
	//go:embed fonts/code26.font
	code26 face
	//go:embed fonts/code30.font
	code30 face
	//go:embed fonts/code35.font
	code35 face
	//go:embed fonts/code40.font
	code40 face
)

// codeFaces are tried for a user code, the largest first; text7 is for panels under smallHeight.
var codeFaces = [...]*face{
	&code40, &code35, &code30, &code26, &code23, &code20, &code18, &code16, &code14, &code12, &code10, &text7,
}

// foreignFaces are tried for a user code with characters beyond ASCII, and for names that a bold face
// cannot draw.
var foreignFaces = [...]*face{&text19, &text15, &text11, &text9, &text7}

// scale is the type of a panel: one face for each role of a text, the same on all its screens.
type scale struct {
	width, height     int // of the smallest panel that it is for, in pixels
	title, body, note *face
}

// scales are all there are, the largest first. A test holds the words of every language in them.
var scales = [...]scale{
	{380, 280, &bold26, &text19, &text15},
	{260, 160, &bold19, &text15, &text11},
	{240, 120, &bold19, &text11, &text9},
	{200, 180, &bold19, &text15, &text11},
	{200, 96, &bold15, &text11, &text9},
	{120, 60, &bold11, &text9, &text7},
	{0, 0, &bold9, &text7, &text7},
	{0, 0, &text7, &text7, &text7}, // for panels so narrow that a word of a title does not fit a line
}

// scalesFor are the scale of a panel and the smaller ones.
func scalesFor(width, height int) []scale {
	for i, s := range scales {
		if width >= s.width && height >= s.height {
			return scales[i:]
		}
	}
	return scales[len(scales)-1:]
}

func (s scale) face(r role) *face {
	switch r {
	case title:
		return s.title
	case body:
		return s.body
	}
	return s.note
}
