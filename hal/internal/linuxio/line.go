//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Line is one GPIO line, held until Close.
type Line struct {
	k    kernel
	file *os.File // the line's request; events are read from it
	pin  string
}

// Output takes a pin as an output that starts at the level high.
func Output(pin string, high bool) (*Line, error) { return request(linux{}, pin, flagOutput, high) }

// Input takes a pin as an input without a pull-up of ours.
func Input(pin string) (*Line, error) { return request(linux{}, pin, flagInput, false) }

// Button takes a pin as an input whose both edges are told, pulled to its idle level. Read and WaitEdge speak of
// active, not of high, when activeLow.
func Button(pin string, activeLow bool) (*Line, error) { return button(linux{}, pin, activeLow) }

func button(k kernel, pin string, activeLow bool) (*Line, error) {
	flags := uint64(flagInput | flagEdgeRising | flagEdgeFalling)
	if activeLow {
		flags |= flagActiveLow | flagBiasPullUp
	} else {
		flags |= flagBiasPullDown
	}
	l, err := request(k, pin, flags, false)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) { // a chip without pulls: the wiring has its own
		return request(k, pin, flags&^flagsBias, false)
	}
	return l, err
}

// request asks the kernel for one line.
func request(k kernel, pin string, flags uint64, high bool) (*Line, error) {
	p, err := find(k, pin)
	if err != nil {
		return nil, err
	}
	req := unix.GPIOV2LineRequest{Num_lines: 1, Offsets: [64]uint32{p.line}}
	copy(req.Consumer[:len(req.Consumer)-1], "paird")
	req.Config.Flags = flags
	if flags&flagOutput != 0 {
		req.Config.Num_attrs = 1
		req.Config.Attrs[0] = outputValue(high)
	}
	err = onChip(k, p.path, func(fd int) error {
		return k.ioctl(fd, unix.GPIO_V2_GET_LINE_IOCTL, unsafe.Pointer(&req))
	})
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("pin %s: another program or driver holds it; `gpioinfo` says which: %w", pin, err)
	}
	if err != nil {
		return nil, fmt.Errorf("pin %s: %w", pin, err)
	}
	return newLine(k, pin, int(req.Fd))
}

func newLine(k kernel, pin string, fd int) (*Line, error) {
	if err := unix.SetNonblock(fd, true); err != nil { // so that a wait for an edge can have a deadline
		return nil, errors.Join(fmt.Errorf("pin %s: %w", pin, err), k.close(fd))
	}
	return &Line{k: k, file: os.NewFile(uintptr(fd), pin), pin: pin}, nil
}

func outputValue(high bool) unix.GPIOV2LineConfigAttribute {
	a := unix.GPIOV2LineConfigAttribute{Attr: unix.GPIOV2LineAttribute{Id: unix.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES}, Mask: 1}
	if high {
		a.Attr.Flags = 1 // the union's values
	}
	return a
}

// Out sets an output.
func (l *Line) Out(high bool) error {
	v := unix.GPIOV2LineValues{Mask: 1}
	if high {
		v.Bits = 1
	}
	return l.ioctl(unix.GPIO_V2_LINE_SET_VALUES_IOCTL, unsafe.Pointer(&v))
}

// Read returns the level: high, or active for a Button.
func (l *Line) Read() (bool, error) {
	v := unix.GPIOV2LineValues{Mask: 1}
	err := l.ioctl(unix.GPIO_V2_LINE_GET_VALUES_IOCTL, unsafe.Pointer(&v))
	return v.Bits&1 == 1, err
}

// ioctl asks the kernel, but never about a descriptor that was closed and is somebody else's by now.
func (l *Line) ioctl(request uint, arg unsafe.Pointer) error {
	conn, err := l.file.SyscallConn()
	if err != nil {
		return l.explain(err)
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = l.k.ioctl(int(fd), request, arg) })
	return l.explain(errors.Join(err, failed))
}

// WaitEdge waits for the next edge, until the deadline (the zero time: for ever) or Close. It reports false at
// the deadline; after Close the error is os.ErrClosed.
func (l *Line) WaitEdge(deadline time.Time) (bool, error) {
	if err := l.file.SetReadDeadline(deadline); errors.Is(err, os.ErrNoDeadline) {
		return false, l.explain(err)
	} else if err != nil {
		return false, l.explain(os.ErrClosed)
	}
	var event [unsafe.Sizeof(unix.GPIOV2LineEvent{})]byte
	switch _, err := l.file.Read(event[:]); {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return false, nil
	case err != nil:
		return false, l.explain(err)
	}
	return true, nil
}

// Close gives the line back; an output keeps or loses its level as the chip likes.
func (l *Line) Close() error { return l.file.Close() }

func (l *Line) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pin %s: %w", l.pin, err)
}
