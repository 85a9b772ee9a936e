package hal

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"

	"github.com/paird/paird/hal/internal/linuxio"
)

// Check returns every fault of o that can be known without opening the hardware: one line each, in the words of the
// configuration.
func Check(o Options) []error {
	p, ok := find(o)
	if !ok {
		return []error{fmt.Errorf("display.panel: there is no panel %q, choose from %s", o.Panel, names(o))}
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, ok := FindBoard(o.Board); !ok && o.Board != "" {
		add("display.board: there is no board %q, choose from %s", o.Board, strings.Join(boardNames(), ", "))
	}
	if p, ok := find(Options{Panel: o.SimPanel, More: o.More}); o.SimPanel != "" && (!ok || len(p.Sizes) == 0) {
		add("sim.panel: there is no panel %q with a size of its own, choose from %s", o.SimPanel, names(o))
	}
	if !slices.Contains([]int{0, 90, 180, 270}, o.Rotate) {
		add("display.rotate: %d is no quarter turn, write 0, 90, 180 or 270", o.Rotate)
	}
	if p.Name == "png" && o.PNGFile == "" {
		add("png.file: is missing, panel = \"png\" needs to know where to write")
	}
	errs = append(errs, checkSize(p, o.Size)...)
	errs = append(errs, checkBus(p, o)...)
	errs = append(errs, checkShared(p, o)...)
	for _, n := range []struct{ key, name string }{{"button.pin", o.ButtonPin}, {"led.pin", o.LEDPin}} {
		if n.name != "" && !isPin(n.name) {
			add("%s: %q is not the name of a pin, such as \"GPIO17\"", n.key, n.name)
		}
	}
	return errs
}

func isI2C(bus string) bool {
	_, ok := linuxio.I2CPath(bus)
	return ok
}

func isSPI(bus string) bool {
	_, ok := linuxio.SPIPath(bus)
	return ok
}

// isPin reports whether name can be that of a GPIO line: linux/gpio.h has GPIO_MAX_NAME_SIZE 32 with the final zero.
func isPin(name string) bool {
	odd := func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.:/+-", r))
	}
	return name != "" && len(name) < 32 && !strings.ContainsFunc(name, odd)
}

func checkSize(p PanelInfo, size image.Point) []error {
	switch {
	case size == (image.Point{}) || p.Name == "none":
	case len(p.Sizes) > 0 && size != usualSize() && !slices.Contains(p.Sizes, size):
		return []error{fmt.Errorf("display.size: %s is no size of %s, choose from %s", sizes(size), p.Name, sizes(p.Sizes...))}
	case len(p.Sizes) == 0 && (min(size.X, size.Y) < minSide || max(size.X, size.Y) > maxSide):
		return []error{fmt.Errorf("display.size: %s is out of range, choose from %dx%d to %dx%d", sizes(size), minSide, minSide, maxSide, maxSide)}
	}
	return nil
}

// sizes spells sizes as the configuration does.
func sizes(all ...image.Point) string {
	var s []string
	for _, z := range all {
		s = append(s, fmt.Sprintf("%dx%d", z.X, z.Y))
	}
	return strings.Join(s, ", ")
}

// checkBus checks the bus, the address and the pins of a panel that is hardware.
func checkBus(p PanelInfo, o Options) []error {
	if p.Bus == "" {
		return nil
	}
	var found []string
	add := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	spi := isSPI(o.Bus)
	switch {
	case p.Bus == "SPI" && !spi:
		add("display.bus: %q is no SPI bus, which %s needs, write \"SPI0.0\"", o.Bus, p.Name)
	case !spi && !isI2C(o.Bus):
		add("display.bus: %q is no bus, write \"I2C1\" or \"SPI0.0\"", o.Bus)
	case !spi && (o.Address < 0x08 || o.Address > 0x77):
		add("display.address: 0x%02X is out of range, choose from 0x08 to 0x77", o.Address)
	}
	if o.ColumnOffset < -1 || o.ColumnOffset > 131 {
		add("display.column_offset: %d is out of range, choose from -1 (as usually wired) to 131", o.ColumnOffset)
	}
	for _, role := range needs(p, spi) {
		if o.Pins[role] == "" {
			add("display.pins: %s: is missing, %s on %s needs it, such as %s = \"GPIO25\"", role, p.Name, o.Bus, role)
		}
	}
	for role, name := range o.Pins {
		if !slices.Contains(roles(), role) {
			add("display.pins: %s: there is no such role, choose from %s", role, strings.Join(roles(), ", "))
		} else if name != "" && !isPin(name) {
			add("display.pins: %s: %q is not the name of a pin, such as \"GPIO17\"", role, name)
		}
	}
	slices.Sort(found) // the pins came in the order of a map
	var errs []error
	for _, what := range found {
		errs = append(errs, errors.New(what))
	}
	return errs
}

// checkShared finds pins with two uses: the reset pin of a Waveshare HAT is GPIO17, where many buttons are wired.
func checkShared(p PanelInfo, o Options) []error {
	var errs []error
	users := map[string]string{}
	use := func(key, pin string) {
		if other := users[pin]; other != "" {
			errs = append(errs, fmt.Errorf("%s: %q is the pin of %s already, choose another", key, pin, other))
		} else if pin != "" {
			users[pin] = key
		}
	}
	if p.Bus != "" {
		for _, role := range roles() {
			use("display.pins: "+role, o.Pins[role])
		}
	}
	use("button.pin", o.ButtonPin)
	use("led.pin", o.LEDPin)
	return errs
}

// roles are what a pin of a panel can be for.
func roles() []string { return []string{"dc", "reset", "busy", "power"} }

// needs lists the pins without which the panel cannot work.
func needs(p PanelInfo, spi bool) []string {
	switch {
	case p.Paper && p.Bus != "":
		return []string{"dc", "reset", "busy"}
	case spi:
		return []string{"dc"}
	}
	return nil
}
