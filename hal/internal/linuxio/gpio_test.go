//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
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
	events   *os.File
	value    bool
	fail     error // of the next line request
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
		want  place
	}{
		{"a name", []fakeChip{four, expander}, "GPIO17", place{"/dev/gpiochip0", 17}},
		{"a name elsewhere", []fakeChip{four, expander}, "EXP3", place{"/dev/gpiochip1", 3}},
		{"the header first", []fakeChip{brcm, expander, five}, "GPIO17", place{"/dev/gpiochip2", 17}},
		{"no names", []fakeChip{expander, zero}, "GPIO17", place{"/dev/gpiochip1", 17}},
		{"chip and line", []fakeChip{expander, zero}, "gpiochip1/4", place{"/dev/gpiochip1", 4}},
		{"no such line", []fakeChip{expander, zero}, "GPIO54", place{}},
		{"no such name", []fakeChip{expander}, "GPIO5", place{}},
		{"leading zero", []fakeChip{zero}, "GPIO05", place{}},
	} {
		k := newGPIO(t, c.chips...)
		got, err := find(k, c.pin)
		if got != c.want || (err == nil) != (c.want != place{}) {
			t.Errorf("%s: %q is %v (%v), want %v", c.name, c.pin, got, err, c.want)
		}
		k.nothingOpen(t)
	}
}

func TestOutput(t *testing.T) {
	for _, high := range []bool{false, true} {
		k := newGPIO(t, fakeChip{"pinctrl-bcm2835", lines(54, nil)})
		l, err := request(k, "GPIO27", flagOutput, high)
		if err != nil {
			t.Fatal(err)
		}
		r := k.requests[0]
		if r.Num_lines != 1 || r.Offsets[0] != 27 || text(r.Consumer[:]) != "paird" || r.Config.Flags != 1<<3 {
			t.Errorf("request %+v", r)
		}
		a := r.Config.Attrs[0]
		if r.Config.Num_attrs != 1 || a.Attr.Id != 2 || a.Mask != 1 || (a.Attr.Flags == 1) != high {
			t.Errorf("first level %v: attribute %+v", high, a)
		}
		if err := l.Out(!high); err != nil || k.value != !high {
			t.Errorf("Out(%v): %v", !high, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestButtonFlags(t *testing.T) {
	for _, c := range []struct {
		activeLow bool
		fail      error
		want      uint64
	}{
		{true, nil, 1<<2 | 1<<4 | 1<<5 | 1<<1 | 1<<8},
		{false, nil, 1<<2 | 1<<4 | 1<<5 | 1<<9},
		{true, unix.ENOTSUP, 1<<2 | 1<<4 | 1<<5 | 1<<1},
		{false, unix.EINVAL, 1<<2 | 1<<4 | 1<<5},
	} {
		k := newGPIO(t, fakeChip{"pinctrl-rp1", lines(54, nil)})
		k.fail = c.fail
		l, err := button(k, "GPIO17", c.activeLow)
		if err != nil {
			t.Fatal(err)
		}
		if got := k.requests[0].Config.Flags; got != c.want {
			t.Errorf("activeLow=%v after %v: flags %#x, want %#x", c.activeLow, c.fail, got, c.want)
		}
		_ = l.Close()
	}
	k := newGPIO(t, fakeChip{"pinctrl-rp1", lines(54, nil)})
	k.fail = unix.EBUSY
	if _, err := button(k, "GPIO17", true); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a busy line: %v", err)
	}
	k.nothingOpen(t)
}

func TestWaitEdge(t *testing.T) {
	k := newGPIO(t, fakeChip{"pinctrl-bcm2835", lines(54, nil)})
	l, err := button(k, "GPIO17", true)
	if err != nil {
		t.Fatal(err)
	}
	if edge, err := l.WaitEdge(time.Now().Add(-time.Second)); edge || err != nil {
		t.Errorf("past the deadline: %v, %v", edge, err)
	}
	event := make([]byte, 48)
	for range 2 {
		if _, err := k.events.Write(event); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // one event at a time
		if edge, err := l.WaitEdge(time.Time{}); !edge || err != nil {
			t.Errorf("with an event waiting: %v, %v", edge, err)
		}
	}
	k.value = true
	if level, err := l.Read(); !level || err != nil {
		t.Errorf("Read: %v, %v", level, err)
	}
	ended := make(chan error)
	go func() {
		_, err := l.WaitEdge(time.Time{})
		ended <- err
	}()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if _, err := l.Read(); err == nil {
		t.Error("a closed line was read")
	}
}
