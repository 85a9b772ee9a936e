package deviceauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// metadataLife is for how long fetched metadata is taken for current when a new session begins.
const metadataLife = time.Hour

// Metadata asks the server for its metadata and returns it with the configured endpoints put over it. It
// always asks, so that what is wrong is seen; the other methods also take what is known already.
func (c *Client) Metadata(ctx context.Context) (Metadata, error) {
	if c.cfg.byHand() {
		return Metadata{Issuer: c.cfg.Issuer}.with(c.cfg), nil
	}
	if err := c.clock("metadata"); err != nil {
		return Metadata{}, err
	}
	m, err := c.discover(ctx)
	if err != nil {
		return Metadata{}, err
	}
	c.remember(m)
	return m.with(c.cfg), nil
}

// fresh is metadata for a new session: current if the server gives it, else what is known.
func (c *Client) fresh(ctx context.Context) (Metadata, error) {
	c.mu.Lock()
	current := !c.fetched.IsZero() && time.Since(c.fetched) < metadataLife
	c.mu.Unlock()
	if current {
		return c.known(ctx)
	}
	m, err := c.Metadata(ctx)
	if err == nil || ctx.Err() != nil {
		return m, err
	}
	if old, ok := c.recall(); ok && transient(err) {
		c.cfg.Log.Warn("metadata not available, using what is known", "error", err)
		return old.with(c.cfg), nil
	}
	return Metadata{}, err
}

// known is metadata for a grant that is there: what is known, else what the server says.
func (c *Client) known(ctx context.Context) (Metadata, error) {
	if m, ok := c.recall(); ok {
		return m.with(c.cfg), nil
	}
	return c.Metadata(ctx)
}

// transient reports an error that says nothing against metadata that was good before.
func transient(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind != Misconfigured && e.Kind != ClockUnset
}

// recall is the metadata in memory, else in the cache.
func (c *Client) recall() (Metadata, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.metadata.Issuer != "" {
		return c.metadata, true
	}
	if c.cfg.Cache == nil || c.cfg.byHand() {
		return Metadata{}, false
	}
	body, err := c.cfg.Cache.Load()
	if err != nil {
		return Metadata{}, false
	}
	m, err := parseMetadata(body, c.cfg.Issuer)
	if err != nil || !m.with(c.cfg).complete() {
		return Metadata{}, false
	}
	c.metadata = m
	return m, true
}

// remember keeps metadata in memory and in the cache.
func (c *Client) remember(m Metadata) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.metadata, c.fetched = m, time.Now()
	if c.cfg.Cache == nil {
		return
	}
	body, err := json.Marshal(m)
	if err == nil {
		err = c.cfg.Cache.Save(body)
	}
	if err != nil {
		c.cfg.Log.Warn("metadata not cached", "error", err)
	}
}

// discover asks each well-known location until one gives metadata with which the device flow can run.
func (c *Client) discover(ctx context.Context) (Metadata, error) {
	var worst *Error
	for _, from := range metadataURLs(c.cfg.Issuer) {
		m, err := c.discoverAt(ctx, from)
		if err == nil {
			return m, nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind == NoNetwork || e.Kind == TLS {
			return Metadata{}, err
		}
		worst = worse(worst, e)
	}
	return Metadata{}, worst
}

// worse prefers what says most: a server in trouble before a wrong document, either before "not found".
func worse(a, b *Error) *Error {
	rank := func(e *Error) int {
		switch {
		case e.Kind != Misconfigured:
			return 2
		case e.Err != nil:
			return 1
		}
		return 0
	}
	if a == nil || rank(b) > rank(a) {
		return b
	}
	return a
}

var errNoDeviceFlow = errors.New("no device authorization endpoint")

func (c *Client) discoverAt(ctx context.Context, from string) (Metadata, error) {
	const op = "metadata"
	a, err := c.get(ctx, from)
	if err != nil {
		return Metadata{}, c.unanswered(ctx, op, err)
	}
	if a.status != http.StatusOK {
		if e := foreign(op, a); e.Kind == CaptivePortal || overloaded(a.status) {
			return Metadata{}, e
		}
		return Metadata{}, &Error{Kind: Misconfigured, Op: op,
			Detail: fmt.Sprintf("no metadata at %s (%s): check the issuer", place(c.cfg.Issuer), statusText(a.status))}
	}
	m, err := parseMetadata(a.body, c.cfg.Issuer)
	switch {
	case errors.Is(err, errNoAnswer):
		return Metadata{}, foreign(op, a)
	case err != nil:
		return Metadata{}, &Error{Kind: Misconfigured, Op: op, Detail: err.Error(), Err: err}
	case !m.with(c.cfg).complete():
		return Metadata{}, &Error{Kind: Misconfigured, Op: op, Err: errNoDeviceFlow,
			Detail: fmt.Sprintf("%s offers no device authorization: switch it on at the server", cmp.Or(place(c.cfg.Issuer), from))}
	}
	return m, nil
}
