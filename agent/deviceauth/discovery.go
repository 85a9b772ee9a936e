package deviceauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	sessionMaxAge = time.Hour       // a new session asks again for metadata older than this
	refreshMaxAge = 24 * time.Hour  // a refresh does, in case keys or endpoints have moved
	refreshPeriod = time.Hour       // but not more often than this,
	refreshLimit  = 5 * time.Second // nor for longer: a refresh does not depend on it
)

// metadataSource has the server's metadata: configured, asked for, or from the cache.
type metadataSource struct {
	cfg  Config
	http *httpClient

	mu        sync.Mutex
	metadata  Metadata
	fetched   time.Time // when metadata came from the server; zero: none yet
	refreshed time.Time // when a refresh asked for it last
}

// ask asks the server.
func (s *metadataSource) ask(ctx context.Context) (Metadata, error) {
	if m, ok := s.byHand(); ok {
		return m, nil
	}
	if err := s.cfg.checkClock("metadata"); err != nil {
		return Metadata{}, err
	}
	m, err := s.discover(ctx)
	if err != nil {
		return Metadata{}, err
	}
	s.keep(m)
	return m.with(s.cfg), nil
}

// byHand is the metadata that replaces discovery, if it is configured.
func (s *metadataSource) byHand() (Metadata, bool) {
	return Metadata{Issuer: s.cfg.Issuer}.with(s.cfg), s.cfg.byHand()
}

// forSession is metadata for a new session: current if the server gives it, else what is known.
func (s *metadataSource) forSession(ctx context.Context) (Metadata, error) {
	old, ok := s.known()
	if ok && s.age(time.Now()) < sessionMaxAge {
		return old, nil
	}
	m, err := s.ask(ctx)
	if ok && err != nil && transient(err) {
		s.cfg.Log.Warn("metadata not available, using what is known", "error", err)
		return old, nil
	}
	return m, err
}

// knownOrAsk is metadata for a session that has begun: what is known, else what the server says.
func (s *metadataSource) knownOrAsk(ctx context.Context) (Metadata, error) {
	if m, ok := s.known(); ok {
		return m, nil
	}
	return s.ask(ctx)
}

// forRefresh is metadata for a refresh, which has its endpoint without it: empty where nothing is known.
func (s *metadataSource) forRefresh(ctx context.Context) Metadata {
	old, _ := s.known()
	if !s.refreshDue(time.Now()) {
		return old
	}
	ctx, cancel := context.WithTimeout(ctx, refreshLimit)
	defer cancel()
	m, err := s.ask(ctx)
	if err != nil {
		s.cfg.Log.Info("refreshing without current metadata", "error", err)
		return old
	}
	return m
}

// refreshDue reports that metadata is old and that no refresh asked for it lately; the caller is to ask.
func (s *metadataSource) refreshDue(now time.Time) bool {
	if s.age(now) < refreshMaxAge {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.refreshed.IsZero() && now.Sub(s.refreshed) < refreshPeriod {
		return false
	}
	s.refreshed = now
	return true
}

// transient reports an error that says nothing against metadata that was good before.
func transient(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind != Misconfigured && e.Kind != ClockUnset
}

// age is that of the known metadata: without end where there is none, or where the clock went back.
func (s *metadataSource) age(now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := now.Sub(s.fetched)
	if s.fetched.IsZero() || age < 0 {
		return 1<<63 - 1
	}
	return age
}

// cacheEntry is the cached form: a metadata document with one member of ours.
type cacheEntry struct {
	Metadata
	Fetched time.Time `json:"paird_fetched"`
}

// known is the metadata that is configured, in memory or in the cache.
func (s *metadataSource) known() (Metadata, bool) {
	if m, ok := s.byHand(); ok {
		return m, true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.metadata.Issuer == "" && s.cfg.Cache != nil {
		if body, err := s.cfg.Cache.Load(); err == nil {
			s.load(body)
		}
	}
	m := s.metadata.with(s.cfg)
	return m, m.Issuer != ""
}

// load takes a cached document if it is as good as a fetched one.
func (s *metadataSource) load(body []byte) {
	m, err := parseMetadata(body, s.cfg.Issuer)
	var entry cacheEntry
	if err != nil || !m.with(s.cfg).complete() || json.Unmarshal(body, &entry) != nil {
		return
	}
	s.metadata, s.fetched = m, entry.Fetched
}

// keep keeps metadata in memory and in the cache.
func (s *metadataSource) keep(m Metadata) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metadata, s.fetched = m, time.Now()
	if s.cfg.Cache == nil {
		return
	}
	body, err := json.Marshal(cacheEntry{m, s.fetched})
	if err == nil {
		err = s.cfg.Cache.Save(body)
	}
	if err != nil {
		s.cfg.Log.Warn("metadata not cached", "error", err)
	}
}

// discover asks each well-known location until one gives metadata with which the device flow can run.
func (s *metadataSource) discover(ctx context.Context) (Metadata, error) {
	var worst *Error
	for _, from := range metadataURLs(s.cfg.Issuer) {
		m, err := s.discoverAt(ctx, from)
		if err == nil {
			return m, nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind == NoNetwork || e.Kind == TLS {
			return Metadata{}, err
		}
		worst = moreTelling(worst, e)
	}
	return Metadata{}, worst
}

// moreTelling prefers a server in trouble to a wrong document, and either to "not found".
func moreTelling(a, b *Error) *Error {
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

func (s *metadataSource) discoverAt(ctx context.Context, from string) (Metadata, error) {
	const op = "metadata"
	r, err := s.http.get(ctx, from)
	if err != nil {
		return Metadata{}, s.http.noResponse(ctx, op, err)
	}
	if r.status != http.StatusOK {
		if e := notOAuth(op, r); e.Kind == CaptivePortal || overloaded(r.status) {
			return Metadata{}, e
		}
		return Metadata{}, &Error{Kind: Misconfigured, Op: op,
			Detail: fmt.Sprintf("no metadata at %s (%s): check the issuer", withoutQuery(s.cfg.Issuer), statusText(r.status))}
	}
	m, err := parseMetadata(r.body, s.cfg.Issuer)
	switch {
	case errors.Is(err, errNoFields):
		e := notOAuth(op, r)
		e.Detail += ", and check the issuer"
		return Metadata{}, e
	case err != nil:
		return Metadata{}, &Error{Kind: Misconfigured, Op: op, Detail: err.Error(), Err: err}
	case !m.with(s.cfg).complete():
		return Metadata{}, &Error{Kind: Misconfigured, Op: op, Err: errNoDeviceFlow,
			Detail: fmt.Sprintf("%s offers no device authorization: switch it on at the server", cmp.Or(withoutQuery(s.cfg.Issuer), from))}
	}
	return m, nil
}
