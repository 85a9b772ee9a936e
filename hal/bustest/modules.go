package bustest

import "image"

// upright is glass whose columns and rows are those of the RAM.
func upright(x, y int) (column, row int) { return x, y }

// Glasses are the OLED modules. Their wiring follows from the makers' drawings, not from the driver.
func Glasses() []Glass {
	return []Glass{
		{Chip: SSD1306, Size: image.Pt(128, 64), Alternative: true},
		{Chip: SSD1306, Size: image.Pt(128, 32)},
		{Chip: SSD1306, Size: image.Pt(96, 16)},
		{Chip: SSD1306, Size: image.Pt(64, 48), Column: 32, Alternative: true},
		{Chip: SSD1306, Size: image.Pt(72, 40), Column: 28, Alternative: true},
		{Chip: SSD1309, Size: image.Pt(128, 64), Alternative: true, ExternalVpp: true},
		{Chip: SH1106, Size: image.Pt(128, 64), Column: 2, Alternative: true},
		{Chip: SH1107, Size: image.Pt(128, 128)},
		{Chip: SH1107, Size: image.Pt(64, 128), Column: 32, ExternalVpp: true},
	}
}

// Sheets are the modules with a controller of the SSD1680 family, by their names in hal's table. The wiring follows from the makers' own
// programs: where they put a pixel.
func Sheets() map[string]Sheet {
	// the 2.13 and 2.9 inch glass stands on its short edge
	turned := func(width int) func(x, y int) (int, int) {
		return func(x, y int) (int, int) { return y, width - 1 - x }
	}
	phat := func(x, y int) (int, int) { return 103 - y, x }
	phat1608 := func(x, y int) (int, int) { return 129 - y, x }
	return map[string]Sheet{
		"waveshare1in54v2":   {Chip: SSD1681, Size: image.Pt(200, 200), Wire: upright},
		"waveshare2in13v2":   {Chip: SSD1675, Size: image.Pt(250, 122), Wire: turned(250), NoOTP: true},
		"waveshare2in13v3":   {Chip: SSD1680, Size: image.Pt(250, 122), Wire: turned(250)},
		"waveshare2in13v4":   {Chip: SSD1680, Size: image.Pt(250, 122), Wire: turned(250)},
		"waveshare2in9v2":    {Chip: SSD1680, Size: image.Pt(296, 128), Wire: turned(296)},
		"inkyphat":           {Chip: SSD1675, Size: image.Pt(212, 104), Wire: phat, NoOTP: true, Accent: true},
		"inkyphatredht":      {Chip: SSD1675, Size: image.Pt(212, 104), Wire: phat, NoOTP: true, Accent: true},
		"inkyphatblack":      {Chip: SSD1675, Size: image.Pt(212, 104), Wire: phat, NoOTP: true},
		"inkyphatyellow":     {Chip: SSD1675, Size: image.Pt(212, 104), Wire: phat, NoOTP: true, Accent: true},
		"inkyphat1608":       {Chip: SSD1608, Size: image.Pt(250, 122), Wire: phat1608},
		"inkyphat1608red":    {Chip: SSD1608, Size: image.Pt(250, 122), Wire: phat1608, Accent: true},
		"inkyphat1608yellow": {Chip: SSD1608, Size: image.Pt(250, 122), Wire: phat1608, Accent: true},
		"inkywhat":           {Chip: SSD1683, Size: image.Pt(400, 300), Wire: upright, NoOTP: true, Accent: true},
		"inkywhatblack":      {Chip: SSD1683, Size: image.Pt(400, 300), Wire: upright, NoOTP: true},
		"inkywhatyellow":     {Chip: SSD1683, Size: image.Pt(400, 300), Wire: upright, NoOTP: true, Accent: true},
		"inkywhat1683":       {Chip: SSD1683, Size: image.Pt(400, 300), Wire: upright, Whole: true},
		"inkywhat1683red":    {Chip: SSD1683, Size: image.Pt(400, 300), Wire: upright, Whole: true, Accent: true},
		"inkywhat1683yellow": {Chip: SSD1683, Size: image.Pt(400, 300), Wire: upright, Whole: true, Accent: true},
	}
}

// ColourSheets are the modules with a controller of the UC8159 family, by their names in hal's table. The wiring and the inks' values
// follow from Pimoroni's program.
func ColourSheets() map[string]ColourSheet {
	four := []byte{0, 255, 100, 200}                      // black, white, yellow, red
	seven := []byte{0, 255, 100, 100, 200, 100, 100, 255} // black, white, green, blue, red, yellow, orange, clean
	six := []byte{0, 255, 100, 200, 100, 100}             // black, white, yellow, red, blue, green
	return map[string]ColourSheet{
		"inkyphat79661":           {Size: image.Pt(250, 122), RAM: image.Pt(128, 250), Bits: 2, Inks: four, OneArg: true, Wire: func(x, y int) (int, int) { return 121 - y, x }},
		"inkywhat79668":           {Size: image.Pt(400, 300), RAM: image.Pt(400, 300), Bits: 2, Inks: four, OneArg: true, Wire: upright},
		"inkyimpression4":         {Size: image.Pt(640, 400), RAM: image.Pt(640, 400), Bits: 4, Inks: seven, Wire: upright},
		"inkyimpression57":        {Size: image.Pt(600, 448), RAM: image.Pt(600, 448), Bits: 4, Inks: seven, Wire: upright},
		"inkyimpression73":        {Size: image.Pt(800, 480), RAM: image.Pt(800, 480), Bits: 4, Inks: seven[:7], OneArg: true, Wire: upright},
		"inkyimpression4spectra":  {Size: image.Pt(600, 400), RAM: image.Pt(400, 600), Bits: 4, Inks: six, OneArg: true, Boosts: true, Wire: func(x, y int) (int, int) { return 399 - y, x }},
		"inkyimpression73spectra": {Size: image.Pt(800, 480), RAM: image.Pt(800, 480), Bits: 4, Inks: six, OneArg: true, Boosts: true, Wire: upright},
	}
}
