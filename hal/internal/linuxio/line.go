//go:build linux

package linuxio

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// Line is one GPIO line, held until Close. It implements gpio.PinIO; Err is the error of the last Read or WaitForEdge.
type Line struct {
	k    kernel
	file *os.File // the line's request; events are read from it
	pin  string
	at   location

	mu  sync.Mutex
	out bool  // an output
	err error // of the last Read or WaitForEdge
}

var _ gpio.PinIO = (*Line)(nil)

// OpenLine takes a pin as an input without a pull of ours, until In or Out says otherwise.
func OpenLine(pin string) (*Line, error) { return openLine(linux{}, pin) }

func openLine(k kernel, pin string) (*Line, error) { return request(k, pin, flagInput) }

// In makes the line an input. A chip without pulls leaves them to the wiring.
func (l *Line) In(pull gpio.Pull, edge gpio.Edge) error {
	flags := uint64(flagInput)
	if edge == gpio.RisingEdge || edge == gpio.BothEdges {
		flags |= flagEdgeRising
	}
	if edge == gpio.FallingEdge || edge == gpio.BothEdges {
		flags |= flagEdgeFalling
	}
	switch pull {
	case gpio.PullUp:
		flags |= flagBiasPullUp
	case gpio.PullDown:
		flags |= flagBiasPullDown
	}
	err := l.configure(unix.GPIOV2LineConfig{Flags: flags}, false)
	if flags&flagsBias != 0 && (errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL)) {
		err = l.configure(unix.GPIOV2LineConfig{Flags: flags &^ flagsBias}, false)
	}
	return err
}

// Out makes the line an output at a level, or sets the level of one that is; there is no other level in between.
func (l *Line) Out(level gpio.Level) error {
	l.mu.Lock()
	out := l.out
	l.mu.Unlock()
	if !out {
		c := unix.GPIOV2LineConfig{Flags: flagOutput, Num_attrs: 1}
		c.Attrs[0] = outputValue(bool(level))
		return l.configure(c, true)
	}
	v := unix.GPIOV2LineValues{Mask: 1}
	if level {
		v.Bits = 1
	}
	return l.ioctl(unix.GPIO_V2_LINE_SET_VALUES_IOCTL, unsafe.Pointer(&v))
}

func (l *Line) configure(c unix.GPIOV2LineConfig, out bool) error {
	err := l.ioctl(gpioSetConfig, unsafe.Pointer(&c))
	if err == nil {
		l.mu.Lock()
		l.out = out
		l.mu.Unlock()
	}
	return err
}

// request asks the kernel for one line.
func request(k kernel, pin string, flags uint64) (*Line, error) {
	p, err := find(k, pin)
	if err != nil {
		return nil, err
	}
	req := unix.GPIOV2LineRequest{Num_lines: 1, Offsets: [64]uint32{p.line}}
	copy(req.Consumer[:len(req.Consumer)-1], "paird")
	req.Config.Flags = flags
	err = onChip(k, p.path, func(fd int) error {
		return k.ioctl(fd, unix.GPIO_V2_GET_LINE_IOCTL, unsafe.Pointer(&req))
	})
	if errors.Is(err, unix.EBUSY) {
		return nil, fmt.Errorf("pin %s: another program or driver holds it; `gpioinfo` says which: %w", pin, err)
	}
	if err != nil {
		return nil, fmt.Errorf("pin %s: %w", pin, err)
	}
	return newLine(k, pin, p, int(req.Fd))
}

func newLine(k kernel, pin string, at location, fd int) (*Line, error) {
	if err := unix.SetNonblock(fd, true); err != nil { // so that a wait for an edge can have a deadline
		return nil, errors.Join(fmt.Errorf("pin %s: %w", pin, err), k.close(fd))
	}
	return &Line{k: k, file: os.NewFile(uintptr(fd), pin), pin: pin, at: at}, nil
}

func outputValue(high bool) unix.GPIOV2LineConfigAttribute {
	a := unix.GPIOV2LineConfigAttribute{Attr: unix.GPIOV2LineAttribute{Id: unix.GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES}, Mask: 1}
	if high {
		a.Attr.Flags = 1 // the union's values
	}
	return a
}

// Read returns the level.
func (l *Line) Read() gpio.Level {
	v := unix.GPIOV2LineValues{Mask: 1}
	l.failed(l.ioctl(unix.GPIO_V2_LINE_GET_VALUES_IOCTL, unsafe.Pointer(&v)))
	return v.Bits&1 == 1
}

// ioctl asks the kernel, but never about a descriptor that was closed: its number may belong to another file.
func (l *Line) ioctl(request uint, arg unsafe.Pointer) error {
	conn, err := l.file.SyscallConn()
	if err != nil {
		return l.explain(err)
	}
	var failed error
	err = conn.Control(func(fd uintptr) { failed = l.k.ioctl(int(fd), request, arg) })
	return l.explain(errors.Join(err, failed))
}

// WaitForEdge waits for the next edge, as long as timeout (below 0: without a limit) or until Close.
func (l *Line) WaitForEdge(timeout time.Duration) bool {
	var deadline time.Time
	if timeout >= 0 {
		deadline = time.Now().Add(timeout)
	}
	if err := l.file.SetReadDeadline(deadline); err != nil {
		if !errors.Is(err, os.ErrNoDeadline) {
			err = os.ErrClosed
		}
		l.failed(l.explain(err))
		return false
	}
	var event [unsafe.Sizeof(unix.GPIOV2LineEvent{})]byte
	_, err := l.file.Read(event[:])
	if errors.Is(err, os.ErrDeadlineExceeded) {
		l.failed(nil)
		return false
	}
	l.failed(l.explain(err))
	return err == nil
}

func (l *Line) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// Err is why the last Read or WaitForEdge failed, os.ErrClosed after Close; nil if it did not.
func (l *Line) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// The rest of gpio.PinIO.
func (l *Line) String() string                        { return l.pin }
func (l *Line) Name() string                          { return l.pin }
func (l *Line) Number() int                           { return int(l.at.line) }
func (l *Line) Function() string                      { return "" }
func (l *Line) Halt() error                           { return nil }
func (l *Line) Pull() gpio.Pull                       { return gpio.PullNoChange }
func (l *Line) DefaultPull() gpio.Pull                { return gpio.PullNoChange }
func (l *Line) PWM(gpio.Duty, physic.Frequency) error { return errors.ErrUnsupported }

// Close gives the line back; an output keeps or loses its level as the chip likes.
func (l *Line) Close() error { return l.file.Close() }

func (l *Line) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("pin %s: %w", l.pin, err)
}
