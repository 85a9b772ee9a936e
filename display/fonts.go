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

// The faces of the user code advance by as many pixels as the name says.
var (
	//go:embed fonts/code8.font
	code8 face
	//go:embed fonts/code9.font
	code9 face
	//go:embed fonts/code10.font
	code10 face
	//go:embed fonts/code11.font
	code11 face
	//go:embed fonts/code12.font
	code12 face
	//go:embed fonts/code13.font
	code13 face
	//go:embed fonts/code14.font
	code14 face
	//go:embed fonts/code15.font
	code15 face
	//go:embed fonts/code16.font
	code16 face
	//go:embed fonts/code18.font
	code18 face
	//go:embed fonts/code20.font
	code20 face
	//go:embed fonts/code22.font
	code22 face
	//go:embed fonts/code25.font
	code25 face
	//go:embed fonts/code28.font
	code28 face
	//go:embed fonts/code32.font
	code32 face
)

// codeFaces are tried for a user code, the largest first; the last two for odd characters and little room.
var codeFaces = [...]*face{
	&code32, &code28, &code25, &code22, &code20, &code18, &code16, &code15, &code14, &code13, &code12,
	&code11, &code10, &code9, &code8, &text7,
}

// foreignFaces are tried for a user code with characters beyond ASCII.
var foreignFaces = [...]*face{&text19, &text15, &text11, &text9, &text7}

// scale is a pair of faces that go together.
type scale struct{ head, body *face }

// scales are tried for texts, the largest first. From cramped on they are for little room.
var scales = [...]scale{
	{&bold26, &text19}, {&bold19, &text15}, {&bold15, &text11}, {&bold11, &text9}, {&bold9, &text9},
	{&bold9, &text7}, {&text7, &text7},
}

const cramped = 5
