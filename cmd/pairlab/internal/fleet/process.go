package fleet

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/rpc"
	"os"
	"os/exec"
)

// PartCommand is the argument with which this program is started again for a part: it then calls ServePart.
const PartCommand = "fleet-part"

// Descriptors that a device takes: its connection, two of its folder, one of its queue's file; and one at the lab's broker.
const (
	ofDevice = 4
	ofBroker = 1
	spare    = 500 // besides: requests, and what the program has open
)

// processes is how many parts a fleet needs besides this process; 0: this process does all. most is how many descriptors one
// may have.
func processes(n, most int) int {
	room := max(1, most-spare)
	if n*(ofDevice+ofBroker) <= room {
		return 0
	}
	return (n*ofDevice + room - 1) / room
}

// parts are all devices, in this process or in others.
type parts struct {
	clients  []*rpc.Client
	children []*exec.Cmd
}

// startParts starts so many processes, or serves one part here.
func startParts(n int) (*parts, error) {
	p := new(parts)
	if n == 0 {
		near, far := net.Pipe()
		go func() { _ = ServePart(far) }()
		p.clients = append(p.clients, rpc.NewClient(near))
	}
	for range n {
		if err := p.start(); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

// Pipes are the two ends of a process's input and output.
type Pipes struct {
	io.Reader
	io.WriteCloser
}

func (p *parts) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, PartCommand)
	cmd.Stderr = os.Stderr
	endWithUs(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.children, p.clients = append(p.children, cmd), append(p.clients, rpc.NewClient(Pipes{out, in}))
	return nil
}

// close ends the parts, and their devices with them.
func (p *parts) close() {
	for _, c := range p.clients {
		_ = c.Close() // it says only that it was closed before
	}
	for _, cmd := range p.children {
		_ = cmd.Wait() // what it has done is known by now
	}
}

// ask calls a method of all parts at once, each with its argument, and returns the answers.
func ask[Answer any](p *parts, method string, argument func(n int) any) ([]Answer, error) {
	answers, calls := make([]Answer, len(p.clients)), make([]*rpc.Call, len(p.clients))
	for n, c := range p.clients {
		calls[n] = c.Go("Part."+method, argument(n), &answers[n], nil)
	}
	var all error
	for n, call := range calls {
		if err := (<-call.Done).Error; err != nil {
			all = errors.Join(all, fmt.Errorf("part %d: %s: %w", n, method, gone(err)))
		}
	}
	return answers, all
}

// gone says what the end of a connection means.
func gone(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, rpc.ErrShutdown) {
		return errors.New("the process has ended")
	}
	return err
}

// do calls a method of all parts that has neither argument nor answer.
func (p *parts) do(method string) error {
	_, err := ask[None](p, method, func(int) any { return None{} })
	return err
}
