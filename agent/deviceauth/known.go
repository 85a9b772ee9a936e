package deviceauth

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

const (
	sessionAge = time.Hour       // a new session asks again for metadata older than this
	grantAge   = 24 * time.Hour  // a refresh does, in case keys or endpoints have moved
	askEvery   = time.Hour       // but not more often than this,
	askLimit   = 5 * time.Second // nor for longer: it does not depend on it
)

// Metadata asks the server for its metadata and returns it with the configured endpoints put over it. It
// always asks, so that what is wrong is seen; the other methods also take what is known already.
func (c *Client) Metadata(ctx context.Context) (Metadata, error) {
	if m, ok := c.byHand(); ok {
		return m, nil
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

// byHand is the metadata that replaces discovery, if it is configured.
func (c *Client) byHand() (Metadata, bool) {
	return Metadata{Issuer: c.cfg.Issuer}.with(c.cfg), c.cfg.byHand()
}

// fresh is metadata for a new session: current if the server gives it, else what is known.
func (c *Client) fresh(ctx context.Context) (Metadata, error) {
	old, ok := c.recall()
	if ok && c.knownFor(time.Now()) < sessionAge {
		return old, nil
	}
	m, err := c.Metadata(ctx)
	if ok && err != nil && transient(err) {
		c.cfg.Log.Warn("metadata not available, using what is known", "error", err)
		return old, nil
	}
	return m, err
}

// known is metadata for a session that has begun: what is known, else what the server says.
func (c *Client) known(ctx context.Context) (Metadata, error) {
	if m, ok := c.recall(); ok {
		return m, nil
	}
	return c.Metadata(ctx)
}

// settled is metadata for a refresh, which knows its endpoint without it: empty where nothing is known.
func (c *Client) settled(ctx context.Context) Metadata {
	old, _ := c.recall()
	if !c.mayAsk(time.Now()) {
		return old
	}
	ctx, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	m, err := c.Metadata(ctx)
	if err != nil {
		c.cfg.Log.Info("refreshing without current metadata", "error", err)
		return old
	}
	return m
}

// mayAsk reports that metadata is old and that it was not asked for lately, and takes the turn.
func (c *Client) mayAsk(now time.Time) bool {
	if c.knownFor(now) < grantAge {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.asked.IsZero() && now.Sub(c.asked) < askEvery {
		return false
	}
	c.asked = now
	return true
}

// transient reports an error that says nothing against metadata that was good before.
func transient(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind != Misconfigured && e.Kind != ClockUnset
}

// knownFor is the age of what is known: for ever if nothing is, or if the clock went back.
func (c *Client) knownFor(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	age := now.Sub(c.fetched)
	if c.fetched.IsZero() || age < 0 {
		return 1<<63 - 1
	}
	return age
}

// kept is the cached form: a metadata document with one member of ours.
type kept struct {
	Metadata
	Fetched time.Time `json:"paird_fetched"`
}

// recall is the metadata by hand, in memory or in the cache.
func (c *Client) recall() (Metadata, bool) {
	if m, ok := c.byHand(); ok {
		return m, true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.metadata.Issuer == "" && c.cfg.Cache != nil {
		if body, err := c.cfg.Cache.Load(); err == nil {
			c.load(body)
		}
	}
	m := c.metadata.with(c.cfg)
	return m, m.Issuer != ""
}

// load takes a cached document if it is as good as a fetched one.
func (c *Client) load(body []byte) {
	m, err := parseMetadata(body, c.cfg.Issuer)
	var k kept
	if err != nil || !m.with(c.cfg).complete() || json.Unmarshal(body, &k) != nil {
		return
	}
	c.metadata, c.fetched = m, k.Fetched
}

// remember keeps metadata in memory and in the cache.
func (c *Client) remember(m Metadata) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.metadata, c.fetched = m, time.Now()
	if c.cfg.Cache == nil {
		return
	}
	body, err := json.Marshal(kept{m, c.fetched})
	if err == nil {
		err = c.cfg.Cache.Save(body)
	}
	if err != nil {
		c.cfg.Log.Warn("metadata not cached", "error", err)
	}
}
