package hal

import (
	"errors"
	"fmt"
	"image"
	"time"

	"periph.io/x/conn/v3/display"
)

// anyInky is whatever Inky the board's EEPROM names. Until that can be read it has the size of the most common one.
func anyInky() PanelInfo {
	return PanelInfo{Name: "inky", Sizes: inkySizes(), Bus: "SPI", Paper: true,
		Refresh: 30 * time.Second, Driver: "as its EEPROM says", Open: openAnyInky}
}

func inkySizes() []image.Point {
	return []image.Point{{X: 250, Y: 122}, {X: 212, Y: 104}, {X: 400, Y: 300}, {X: 640, Y: 400}, {X: 600, Y: 400}, {X: 600, Y: 448}, {X: 800, Y: 480}}
}

func openAnyInky(w *Wiring) (display.Drawer, error) {
	p, err := detectInky(w.hw)
	if err != nil {
		return nil, err
	}
	if p.Sizes[0] != w.o.Size {
		return nil, fmt.Errorf("the Inky is an %s of %s pixels: restart paird, or set display.panel to its name", p.Name, sizes(p.Sizes[0]))
	}
	return p.Open(w)
}

// The EEPROM of an Inky: width and height, little-endian, colour, board and display variant, then the time of writing as text
// (Pimoroni inky, eeprom.py).
const (
	inkyBus       = "I2C1"
	inkyAddress   = 0x50
	inkyEEPROM    = 29
	inkyVariantAt = 6
)

// inkyVariants are Pimoroni's display variants: the panel that drives one, or, in its place, what it is called.
func inkyVariants() map[byte]struct{ panel, name string } {
	return map[byte]struct{ panel, name string }{
		1: {panel: "inkyphatredht"}, 4: {panel: "inkyphatblack"}, 5: {panel: "inkyphatyellow"},
		2: {panel: "inkywhatyellow"}, 3: {panel: "inkywhatblack"}, 6: {panel: "inkywhat"}, 7: {panel: "inkywhat"}, 8: {panel: "inkywhat"},
		10: {panel: "inkyphat1608"}, 11: {panel: "inkyphat1608red"}, 12: {panel: "inkyphat1608yellow"},
		17: {panel: "inkywhat1683"}, 18: {panel: "inkywhat1683red"}, 19: {panel: "inkywhat1683yellow"},
		14: {panel: "inkyimpression57"}, 15: {panel: "inkyimpression4"}, 16: {panel: "inkyimpression4"}, 20: {panel: "inkyimpression73"},
		22: {panel: "inkyimpression73spectra"}, 26: {panel: "inkyimpression73spectra"}, 25: {panel: "inkyimpression4spectra"},
		23: {panel: "inkyphat79661"}, 24: {panel: "inkywhat79668"},
		21: {name: "Impression 13.3 (EL133UF1)"}, 27: {name: "Impression 13.3 (EL133UF1)"},
	}
}

// detectInky reads the EEPROM. periph's DetectOpts knows the variants up to 16 only.
func detectInky(hw Hardware) (PanelInfo, error) {
	bus, err := hw.I2C(inkyBus)
	if err != nil {
		return PanelInfo{}, err
	}
	var b [inkyEEPROM]byte
	if err := errors.Join(bus.Tx(inkyAddress, []byte{0, 0}, b[:]), bus.Close()); err != nil {
		return PanelInfo{}, fmt.Errorf("the EEPROM of the Inky cannot be read; set display.panel to its name: %w", err)
	}
	v, ok := inkyVariants()[b[inkyVariantAt]]
	switch {
	case !ok:
		return PanelInfo{}, fmt.Errorf("the EEPROM says variant %d, which is unknown; set display.panel to the name of the Inky", b[inkyVariantAt])
	case v.panel == "":
		return PanelInfo{}, fmt.Errorf("this is an Inky %s, for which there is no driver", v.name)
	}
	p, _ := find(Options{Panel: v.panel})
	return p, nil
}
