package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

// engine is the fleet's broker.
type engine interface {
	url() string                                                // in the devices' configuration
	dial(ctx context.Context, address string) (net.Conn, error) // in place of the network's
	restart(away time.Duration) error                           // ends it and starts it again
	killNode(away time.Duration) error                          // kills one of several, and starts it again
	close()
}

// labBroker is the lab's own, in this process.
type labBroker struct {
	options broker.Options
	piped   bool // through this process's memory, where descriptors do not suffice for sockets

	mu     sync.Mutex
	broker *broker.Broker
	pipes  *pipes
}

// startLabBroker starts it, over sockets of loopback or over pipes.
func startLabBroker(o broker.Options, piped bool) (*labBroker, error) {
	b := &labBroker{options: o, piped: piped}
	return b, b.start()
}

func (b *labBroker) start() (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.piped {
		b.pipes = newPipes()
		b.options.Listener = b.pipes
	}
	b.broker, err = broker.Start(b.options)
	return err
}

func (b *labBroker) url() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broker.URL()
}

func (b *labBroker) dial(ctx context.Context, address string) (net.Conn, error) {
	b.mu.Lock()
	p := b.pipes
	b.mu.Unlock()
	if p != nil {
		return p.dial(ctx)
	}
	return new(net.Dialer).DialContext(ctx, "tcp", address)
}

// restart starts the broker again at the same address.
func (b *labBroker) restart(away time.Duration) error {
	b.mu.Lock()
	old := b.broker
	if !b.piped {
		b.options.Address = hostOf(old.URL())
	}
	b.mu.Unlock()
	_ = old.Close() // without mu: it waits for its clients
	time.Sleep(away)
	if err := b.start(); err != nil {
		return fmt.Errorf("the broker does not start again: %w", err)
	}
	return nil
}

func (b *labBroker) killNode(time.Duration) error { return errors.New("the lab's broker is one node") }

func (b *labBroker) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	_ = b.broker.Close()
}

// pipes is a listener whose connections have no descriptors.
type pipes struct {
	in   chan net.Conn
	done chan struct{}
	once sync.Once
}

func newPipes() *pipes { return &pipes{in: make(chan net.Conn), done: make(chan struct{})} }

var errRefused = errors.New("connection refused")

func (p *pipes) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.in <- far:
		return near, nil
	case <-p.done:
		return nil, errRefused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.in:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (p *pipes) Close() error { p.once.Do(func() { close(p.done) }); return nil }

// Addr implements net.Listener: devices have an address in their configuration.
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1883} }
