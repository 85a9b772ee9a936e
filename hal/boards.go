package hal

import "slices"

// A Preset is a board that is sold, or a usual way to wire one: what display.board sets in a configuration.
type Preset struct {
	Name   string // the value of display.board
	Title  string // what it is sold as
	Panel  string
	Size   string // "WxH", to choose between sizes of one controller; "": the panel's own
	Bus    string
	Pins   map[string]string // by role
	Rotate int
	Button string // the pin of the button to use, active low; "": the board has none
}

// Boards lists the presets, in the order of the documents. The address of all on I2C is 0x3C.
func Boards() []Preset {
	all := []Preset{
		{Name: "ssd1306-i2c", Title: "SSD1306 breakout 128x64 on I2C, button on GPIO17", Panel: "ssd1306", Bus: "I2C1", Button: "GPIO17"},
		{Name: "sh1106-i2c", Title: "SH1106 breakout 128x64 on I2C, button on GPIO17", Panel: "sh1106", Bus: "I2C1", Button: "GPIO17"},
		{Name: "adafruit-oled-bonnet", Title: `Adafruit 128x64 OLED Bonnet, its button A (#5)`, Panel: "ssd1306", Bus: "I2C1", Button: "GPIO5"},
		{Name: "adafruit-pioled", Title: "Adafruit PiOLED 128x32", Panel: "ssd1306", Size: "128x32", Bus: "I2C1"},
		{Name: "waveshare-1in3-oled-hat", Title: "Waveshare 1.3inch OLED HAT, its KEY1", Panel: "sh1106", Bus: "SPI0.0",
			Pins: map[string]string{"dc": "GPIO24", "reset": "GPIO25"}, Rotate: 180, Button: "GPIO21"},
		{Name: "inky-phat", Title: "Pimoroni Inky pHAT, any", Panel: "inky", Bus: "SPI0.0", Pins: inkyPins()},
		{Name: "inky-what", Title: "Pimoroni Inky wHAT, any", Panel: "inky", Bus: "SPI0.0", Pins: inkyPins()},
		{Name: "inky-impression", Title: "Pimoroni Inky Impression 4, 5.7 or 7.3, its button A", Panel: "inky", Bus: "SPI0.0", Pins: inkyPins(), Button: "GPIO5"},
	}
	for _, hat := range []struct{ name, title, panel string }{
		{"waveshare-1in54-v2", "Waveshare 1.54inch e-Paper V2 on the HAT", "waveshare1in54v2"},
		{"waveshare-2in13-v2", "Waveshare 2.13inch e-Paper HAT V2", "waveshare2in13v2"},
		{"waveshare-2in13-v3", "Waveshare 2.13inch e-Paper HAT V3", "waveshare2in13v3"},
		{"waveshare-2in13-v4", "Waveshare 2.13inch e-Paper HAT V4", "waveshare2in13v4"},
		{"waveshare-2in9-v2", "Waveshare 2.9inch e-Paper V2 on the HAT", "waveshare2in9v2"},
	} {
		p := Preset{Name: hat.name, Title: hat.title, Panel: hat.panel, Bus: "SPI0.0", Pins: waveshareHATPins()}
		old := p
		old.Name, old.Title, old.Pins = p.Name+"-nopwr", p.Title+", before revision 2.3: GPIO18 stays free", waveshareHATPins()
		delete(old.Pins, "power")
		all = append(all, p, old)
	}
	return all
}

// inkyPins are those of Pimoroni's program.
func inkyPins() map[string]string {
	return map[string]string{"dc": "GPIO22", "reset": "GPIO27", "busy": "GPIO17"}
}

// waveshareHATPins are those of Waveshare's epdconfig. A HAT without PWR leaves GPIO18 open.
func waveshareHATPins() map[string]string {
	return map[string]string{"dc": "GPIO25", "reset": "GPIO17", "busy": "GPIO24", "power": "GPIO18"}
}

func boardNames() []string {
	var names []string
	for _, p := range Boards() {
		names = append(names, p.Name)
	}
	return names
}

// FindBoard returns the preset of that name.
func FindBoard(name string) (Preset, bool) {
	all := Boards()
	i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name })
	if i < 0 {
		return Preset{}, false
	}
	return all[i], true
}
