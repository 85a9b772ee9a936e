//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
)

// fakeChip is a bank of lines.
type fakeChip struct {
	label string
	names []string // by offset; "" has no name
}

// gpioKernel serves chips; a line asked for becomes the read end of a pipe into which events can be written.
type gpioKernel struct {
	*fakeKernel
	chips    map[string]fakeChip
	requests []unix.GPIOV2LineRequest
	configs  []unix.GPIOV2LineConfig
	events   *os.File
	value    bool
	fail     error // of the next line request or configuration
}

func newGPIO(t *testing.T, chips ...fakeChip) *gpioKernel {
	k := &gpioKernel{fakeKernel: newKernel(), chips: map[string]fakeChip{}}
	for i, c := range chips {
		path := fmt.Sprintf("/dev/gpiochip%d", i)
		k.files[path], k.chips[path] = true, c
		k.fakeKernel.chips = append(k.fakeKernel.chips, path)
	}
	k.do = func(path string, request uint, arg unsafe.Pointer) error { return k.serve(t, path, request, arg) }
	return k
}

func (k *gpioKernel) serve(t *testing.T, path string, request uint, arg unsafe.Pointer) error {
	switch request {
	case gpioGetChipinfo:
		info := (*unix.GPIOChipInfo)(arg)
		copy(info.Label[:], k.chips[path].label)
		info.Lines = uint32(len(k.chips[path].names))
	case unix.GPIO_V2_GET_LINEINFO_IOCTL:
		info := (*unix.GPIOV2LineInfo)(arg)
		copy(info.Name[:], k.chips[path].names[info.Offset])
	case unix.GPIO_V2_GET_LINE_IOCTL:
		if err := k.fail; err != nil {
			k.fail = nil
			return err
		}
		var ends [2]int
		if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
			t.Fatal(err)
		}
		k.events = os.NewFile(uintptr(ends[1]), path)
		req := (*unix.GPIOV2LineRequest)(arg)
		req.Fd = int32(ends[0])
		k.requests = append(k.requests, *req)
		k.open_[ends[0]] = path
	case gpioSetConfig:
		if err := k.fail; err != nil {
			k.fail = nil
			return err
		}
		c := (*unix.GPIOV2LineConfig)(arg)
		k.configs = append(k.configs, *c)
		k.value = c.Num_attrs == 1 && c.Attrs[0].Attr.Flags == 1
	case unix.GPIO_V2_LINE_SET_VALUES_IOCTL:
		v := (*unix.GPIOV2LineValues)(arg)
		k.value = v.Bits&v.Mask == 1
	case unix.GPIO_V2_LINE_GET_VALUES_IOCTL:
		v := (*unix.GPIOV2LineValues)(arg)
		if v.Bits = 0; k.value {
			v.Bits = v.Mask
		}
	default:
		t.Errorf("ioctl %#x on %q", request, path)
	}
	return nil
}

func lines(n int, named func(i int) string) []string {
	all := make([]string, n)
	for i := range all {
		if named != nil {
			all[i] = named(i)
		}
	}
	return all
}

func TestFind(t *testing.T) {
	header := func(i int) string { return fmt.Sprint("GPIO", i) }
	zero := fakeChip{"pinctrl-bcm2835", lines(54, nil)}
	four := fakeChip{"pinctrl-bcm2711", lines(58, header)}
	five := fakeChip{"pinctrl-rp1", lines(54, header)}
	brcm := fakeChip{"gpio-brcmstb@107d508500", lines(32, header)} // a Pi 5 has other chips first
	expander := fakeChip{"raspberrypi-exp-gpio", lines(8, func(i int) string { return fmt.Sprint("EXP", i) })}
	for _, c := range []struct {
		name  string
		chips []fakeChip
		pin   string
		want  location
	}{
		{"a name", []fakeChip{four, expander}, "GPIO17", location{"/dev/gpiochip0", 17}},
		{"a name elsewhere", []fakeChip{four, expander}, "EXP3", location{"/dev/gpiochip1", 3}},
		{"the header first", []fakeChip{brcm, expander, five}, "GPIO17", location{"/dev/gpiochip2", 17}},
		{"a Pi 5 since Linux 6.6.47", []fakeChip{five, brcm, expander, five}, "GPIO17", location{"/dev/gpiochip0", 17}}, // gpiochip4 is a link to it
		{"no names", []fakeChip{expander, zero}, "GPIO17", location{"/dev/gpiochip1", 17}},
		{"chip and line", []fakeChip{expander, zero}, "gpiochip1/4", location{"/dev/gpiochip1", 4}},
		{"no such line", []fakeChip{expander, zero}, "GPIO54", location{}},
		{"no such name", []fakeChip{expander}, "GPIO5", location{}},
		{"leading zero", []fakeChip{zero}, "GPIO05", location{}},
	} {
		k := newGPIO(t, c.chips...)
		got, err := find(k, c.pin)
		if got != c.want || (err == nil) != (c.want != location{}) {
			t.Errorf("%s: %q is %v (%v), want %v", c.name, c.pin, got, err, c.want)
		}
		k.nothingOpen(t)
	}
}

func TestOutput(t *testing.T) {
	for _, high := range []bool{false, true} {
		k := newGPIO(t, fakeChip{"pinctrl-bcm2835", lines(54, nil)})
		l, err := openLine(k, "GPIO27")
		if err != nil {
			t.Fatal(err)
		}
		if r := k.requests[0]; r.Num_lines != 1 || r.Offsets[0] != 27 || text(r.Consumer[:]) != "paird" || r.Config.Flags != 1<<2 {
			t.Errorf("request %+v", r)
		}
		if err := l.Out(gpio.Level(high)); err != nil || k.value != high {
			t.Errorf("Out(%v): %v", high, err)
		}
		c := k.configs[0]
		if a := c.Attrs[0]; c.Flags != 1<<3 || c.Num_attrs != 1 || a.Attr.Id != 2 || a.Mask != 1 || (a.Attr.Flags == 1) != high {
			t.Errorf("first level %v: %+v", high, c)
		}
		if err := l.Out(gpio.Level(!high)); err != nil || k.value != !high || len(k.configs) != 1 {
			t.Errorf("Out(%v): %v", !high, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestInFlags(t *testing.T) {
	for _, c := range []struct {
		pull gpio.Pull
		edge gpio.Edge
		fail error
		want uint64
	}{
		{gpio.PullUp, gpio.BothEdges, nil, 1<<2 | 1<<4 | 1<<5 | 1<<8},
		{gpio.PullDown, gpio.BothEdges, nil, 1<<2 | 1<<4 | 1<<5 | 1<<9},
		{gpio.PullUp, gpio.BothEdges, unix.ENOTSUP, 1<<2 | 1<<4 | 1<<5},
		{gpio.PullDown, gpio.FallingEdge, unix.EINVAL, 1<<2 | 1<<5},
		{gpio.Float, gpio.NoEdge, nil, 1 << 2},
	} {
		k := newGPIO(t, fakeChip{"pinctrl-rp1", lines(54, nil)})
		l, err := openLine(k, "GPIO17")
		if err != nil {
			t.Fatal(err)
		}
		k.fail = c.fail
		if err := l.In(c.pull, c.edge); err != nil || k.configs[0].Flags != c.want {
			t.Errorf("%v %v after %v: %v, %+v, want %#x", c.pull, c.edge, c.fail, err, k.configs, c.want)
		}
		_ = l.Close()
	}
	k := newGPIO(t, fakeChip{"pinctrl-rp1", lines(54, nil)})
	k.fail = unix.EBUSY
	if _, err := openLine(k, "GPIO17"); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a busy line: %v", err)
	}
	k.nothingOpen(t)
}

func TestWaitForEdge(t *testing.T) {
	k := newGPIO(t, fakeChip{"pinctrl-bcm2835", lines(54, nil)})
	l, err := openLine(k, "GPIO17")
	if err != nil {
		t.Fatal(err)
	}
	if l.WaitForEdge(0) || l.Err() != nil {
		t.Errorf("past the deadline: %v", l.Err())
	}
	event := make([]byte, 48)
	for range 2 {
		if _, err := k.events.Write(event); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // one event at a time
		if !l.WaitForEdge(-1) || l.Err() != nil {
			t.Errorf("with an event waiting: %v", l.Err())
		}
	}
	k.value = true
	if l.Read() != gpio.High || l.Err() != nil {
		t.Errorf("Read: %v", l.Err())
	}
	ended := make(chan bool)
	go func() { ended <- l.WaitForEdge(-1) }()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if <-ended || !errors.Is(l.Err(), os.ErrClosed) {
		t.Errorf("after Close: %v", l.Err())
	}
	if l.Read(); l.Err() == nil {
		t.Error("a closed line was read")
	}
}
