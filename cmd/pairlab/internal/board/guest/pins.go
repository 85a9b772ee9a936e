//go:build linux

package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// header is the chip of a Pi's 40 pins, as gpio-sim shows it: its lines have the names that a Pi's device tree gives them.
type header struct{ dir string }

// headerLines are GPIO0 to GPIO27.
const headerLines = 28

// newHeader makes the chip (Documentation/admin-guide/gpio/gpio-sim.rst), after others that the board has.
func newHeader(w wire.Wiring) (header, error) {
	for i, label := range w.Chips {
		if _, err := newChip(fmt.Sprint("other", i), label, 4, nil); err != nil {
			return header{}, err
		}
	}
	return newChip("header", cmp.Or(w.Header, "pinctrl-bcm2835"), headerLines, w.Taken)
}

// newChip makes a chip with lines from GPIO0 on; another driver has taken some of them.
func newChip(name, label string, lines int, taken []int) (header, error) {
	sim := "/sys/kernel/config/gpio-sim/" + name
	err := errors.Join(os.MkdirAll(sim+"/bank0", 0o755), put(sim+"/bank0/num_lines", fmt.Sprint(lines)), put(sim+"/bank0/label", label))
	for i := range lines {
		line := fmt.Sprintf("%s/bank0/line%d", sim, i)
		err = errors.Join(err, os.Mkdir(line, 0o755), put(line+"/name", fmt.Sprint("GPIO", i)))
		if slices.Contains(taken, i) {
			err = errors.Join(err, os.Mkdir(line+"/hog", 0o755), put(line+"/hog/name", "another driver"), put(line+"/hog/direction", "input"))
		}
	}
	if err = errors.Join(err, put(sim+"/live", "1")); err != nil {
		return header{}, err
	}
	dev, err := os.ReadFile(sim + "/dev_name")
	if err != nil {
		return header{}, err
	}
	chip, err := os.ReadFile(sim + "/bank0/chip_name")
	err = errors.Join(err, os.Chmod("/dev/"+strings.TrimSpace(string(chip)), 0o666)) // every user is in the group gpio
	return header{filepath.Join("/sys/devices/platform", strings.TrimSpace(string(dev)), strings.TrimSpace(string(chip)))}, err
}

// set drives an input of the board.
func (h header) set(line int, high bool) error {
	pull := "pull-down"
	if high {
		pull = "pull-up"
	}
	return put(fmt.Sprintf("%s/sim_gpio%d/pull", h.dir, line), pull)
}

// get is the level of a line, which may be an output of the board.
func (h header) get(line int) bool {
	b, err := os.ReadFile(fmt.Sprintf("%s/sim_gpio%d/value", h.dir, line))
	return err == nil && strings.TrimSpace(string(b)) == "1"
}

func put(path, s string) error { return os.WriteFile(path, []byte(s), 0o644) }
