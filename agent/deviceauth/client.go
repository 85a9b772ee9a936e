package deviceauth

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Client runs the device side of RFC 8628 for one client at one authorization server. Its methods may be
// called at the same time.
type Client struct {
	cfg  Config
	http *http.Client
	keys keySet

	mu       sync.Mutex
	metadata Metadata
	fetched  time.Time         // when metadata came from the server; zero: none yet
	asked    time.Time         // when a refresh asked for it last
	nonces   map[string]string // the latest DPoP nonce by token endpoint
}

// New checks cfg and returns a Client for it. It sends nothing.
func New(cfg Config) (*Client, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("auth: %w", err)
	}
	if cfg.HTTP == nil {
		transport, err := NewTransport("")
		if err != nil {
			return nil, fmt.Errorf("auth: %w", err)
		}
		cfg.HTTP = transport
	}
	c := &Client{cfg: cfg, nonces: map[string]string{}}
	c.http = &http.Client{Transport: cfg.HTTP, CheckRedirect: checkRedirect}
	return c, nil
}

// clock refuses to judge anything by a clock that is not set: certificates, ID tokens, proofs.
func (c *Client) clock(op string) error {
	if c.cfg.ClockSet() {
		return nil
	}
	return &Error{Kind: ClockUnset, Op: op, Detail: "the clock is not set: wait for network time, or set it"}
}

// sleep waits for d or until ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
