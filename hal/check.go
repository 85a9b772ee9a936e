package hal

import (
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
		return []error{fmt.Errorf("display.panel = %q: no such panel; one of %s", o.Panel, names(o))}
	}
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !slices.Contains([]int{0, 90, 180, 270}, o.Rotate) {
		add("display.rotate = %d: must be 0, 90, 180 or 270", o.Rotate)
	}
	if p.Name == "png" && o.PNGFile == "" {
		add("png.file is empty: the png panel needs a file to write")
	}
	errs = append(errs, checkSize(p, o.Size)...)
	errs = append(errs, checkBus(p, o)...)
	errs = append(errs, checkShared(p, o)...)
	for _, n := range []struct{ key, name string }{{"button.pin", o.ButtonPin}, {"led.pin", o.LEDPin}} {
		if n.name != "" && !isPin(n.name) {
			add("%s = %q: not the name of a pin, as GPIO17", n.key, n.name)
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
		return []error{fmt.Errorf("display.size = %q: %s has %s", sizes(size), p.Name, sizes(p.Sizes...))}
	case len(p.Sizes) == 0 && (min(size.X, size.Y) < minSide || max(size.X, size.Y) > maxSide):
		return []error{fmt.Errorf("display.size = %q: each side must be %d to %d pixels", sizes(size), minSide, maxSide)}
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
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	spi := isSPI(o.Bus)
	switch {
	case p.Bus == "SPI" && !spi:
		add("display.bus = %q: %s needs an SPI bus, as SPI0.0", o.Bus, p.Name)
	case !spi && !isI2C(o.Bus):
		add("display.bus = %q: must be as I2C1 or SPI0.0", o.Bus)
	case !spi && (o.Address < 0x08 || o.Address > 0x77):
		add("display.address = 0x%02X: not an address of an I2C device (0x08 to 0x77)", o.Address)
	}
	if o.ColumnOffset < -1 || o.ColumnOffset > 131 {
		add("display.column_offset = %d: must be -1 (as usually wired) to 131", o.ColumnOffset)
	}
	for _, role := range needs(p, spi) {
		if o.Pins[role] == "" {
			add("display.pins: %s on %s needs a %s pin, as %s = \"GPIO25\"", p.Name, o.Bus, role, role)
		}
	}
	for role, name := range o.Pins {
		if !slices.Contains([]string{"dc", "reset", "busy"}, role) {
			add("display.pins: %q is not one of dc, reset, busy", role)
		} else if name != "" && !isPin(name) {
			add("display.pins: %s = %q is not the name of a pin, as GPIO17", role, name)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}

// checkShared finds pins with two uses: the reset pin of a Waveshare HAT is GPIO17, where many buttons are wired.
func checkShared(p PanelInfo, o Options) []error {
	var errs []error
	users := map[string]string{}
	use := func(key, pin string) {
		if other := users[pin]; other != "" {
			errs = append(errs, fmt.Errorf("%s = %q: the pin is taken by %s", key, pin, other))
		} else if pin != "" {
			users[pin] = key
		}
	}
	if p.Bus != "" {
		for _, role := range []string{"dc", "reset", "busy"} {
			use("display.pins: "+role, o.Pins[role])
		}
	}
	use("button.pin", o.ButtonPin)
	use("led.pin", o.LEDPin)
	return errs
}

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
