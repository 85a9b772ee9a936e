//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// From linux/gpio.h; the requests and structures of uAPI v2 are in x/sys/unix but for these.
const (
	gpioGetChipinfo = 0x8044b401 // GPIO_GET_CHIPINFO_IOCTL
	gpioSetConfig   = 0xc110b40d // GPIO_V2_LINE_SET_CONFIG_IOCTL

	flagInput        = 1 << 2 // enum gpio_v2_line_flag
	flagOutput       = 1 << 3
	flagEdgeRising   = 1 << 4
	flagEdgeFalling  = 1 << 5
	flagBiasPullUp   = 1 << 8
	flagBiasPullDown = 1 << 9
	flagsBias        = flagBiasPullUp | flagBiasPullDown
)

// headerChips are the labels of the chips whose line N is GPION of the Raspberry Pi's header, whatever the
// lines are called: Pi Zero to 3, Pi 4, Pi 5.
func headerChips() []string { return []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"} }

// location is the chip and line of a pin.
type location struct {
	path string // of the chip's device
	line uint32
}

// chip is a GPIO chip as the kernel describes it.
type chip struct {
	path, label string
	lines       uint32
}

// find looks a pin up: by chip and line ("gpiochip0/17"), by the line's name over all chips, the header's first,
// then "GPION" as line N of the header's chip.
func find(k kernel, pin string) (location, error) {
	if name, line, ok := chipLine(pin); ok {
		return location{"/dev/" + name, line}, nil
	}
	chips, err := listChips(k)
	if err != nil {
		return location{}, fmt.Errorf("pin %s: %w", pin, err)
	}
	for _, c := range chips {
		line, ok, err := c.named(k, pin)
		if err != nil {
			return location{}, fmt.Errorf("pin %s: %w", pin, err)
		}
		if ok {
			return location{c.path, line}, nil
		}
	}
	if n, ok := gpioNumber(pin); ok {
		for _, c := range chips {
			if slices.Contains(headerChips(), c.label) && n < c.lines {
				return location{c.path, n}, nil
			}
		}
	}
	return location{}, fmt.Errorf("pin %s: no GPIO line of that name; `gpioinfo` lists them", pin)
}

// listChips reads the label of every chip. The header's chips come first.
func listChips(k kernel) ([]chip, error) {
	paths := k.glob("/dev/gpiochip*")
	if len(paths) == 0 {
		return nil, errors.New("this machine has no GPIO (/dev/gpiochip*)")
	}
	var header, others []chip
	for _, path := range paths {
		c, err := describe(k, path)
		if err != nil {
			return nil, err
		}
		if slices.Contains(headerChips(), c.label) {
			header = append(header, c)
		} else {
			others = append(others, c)
		}
	}
	return append(header, others...), nil
}

func describe(k kernel, path string) (chip, error) {
	var info unix.GPIOChipInfo
	err := onChip(k, path, func(fd int) error { return k.ioctl(fd, gpioGetChipinfo, unsafe.Pointer(&info)) })
	return chip{path: path, label: text(info.Label[:]), lines: info.Lines}, err
}

// named finds a line of the chip by its name.
func (c chip) named(k kernel, name string) (line uint32, found bool, err error) {
	err = onChip(k, c.path, func(fd int) error {
		for line = range c.lines {
			info := unix.GPIOV2LineInfo{Offset: line}
			if err := k.ioctl(fd, unix.GPIO_V2_GET_LINEINFO_IOCTL, unsafe.Pointer(&info)); err != nil {
				return err
			}
			if text(info.Name[:]) == name {
				found = true
				return nil
			}
		}
		return nil
	})
	return line, found, err
}

// onChip opens a chip for as long as f takes.
func onChip(k kernel, path string, f func(fd int) error) error {
	fd, err := k.open(path)
	if err != nil {
		return explain("GPIO", path, "check the device tree", "gpio", err)
	}
	if err := f(fd); err != nil {
		return errors.Join(explain("GPIO", filepath.Base(path), "check the line", "gpio", err), k.close(fd))
	}
	return k.close(fd)
}

// text is a C string in a fixed field.
func text(b []byte) string {
	if i := slices.Index(b, 0); i >= 0 {
		b = b[:i]
	}
	return string(b)
}
