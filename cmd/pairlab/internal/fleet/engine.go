package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

// engine is the fleet's broker.
type engine interface {
	url() string                       // in the devices' configuration
	nodes() []string                   // host:port of each
	restart(away time.Duration) error  // ends it and starts it again
	killNode(away time.Duration) error // kills one of several, and starts it again
	close()
}

// labBroker is the lab's own, in this process.
type labBroker struct {
	options broker.Options

	mu     sync.Mutex
	broker *broker.Broker
}

// startLabBroker starts it on loopback.
func startLabBroker(o broker.Options) (*labBroker, error) {
	b := &labBroker{options: o}
	return b, b.start()
}

func (b *labBroker) start() (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broker, err = broker.Start(b.options)
	return err
}

func (b *labBroker) url() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broker.URL()
}

func (b *labBroker) nodes() []string { return []string{hostOf(b.url())} }

// restart starts the broker again at the same address.
func (b *labBroker) restart(away time.Duration) error {
	b.mu.Lock()
	old := b.broker
	b.options.Address = hostOf(old.URL())
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

// turn connects to addresses in turn, as a name with several does; one that is away is passed over.
type turn struct {
	addresses []string
	next      atomic.Int64
}

// dial connects to the address given where there are no others.
func (t *turn) dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	first := int(t.next.Add(1))
	for n := range max(1, len(t.addresses)) {
		if len(t.addresses) > 0 {
			address = t.addresses[(first+n)%len(t.addresses)]
		}
		if conn, err = new(net.Dialer).DialContext(ctx, network, address); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
