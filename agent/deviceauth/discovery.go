package deviceauth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
)

const (
	sessionMaxAge = time.Hour       // a new session asks again for metadata older than this,
	verifyMaxAge  = 24 * time.Hour  // a verification for metadata older than this, in case the keys have moved,
	verifyPeriod  = time.Hour       // but not more often than this
	metadataLimit = 5 * time.Second // for metadata that another request waits for
)

// metadataSource has the server's metadata: configured, asked for, or from the cache. The cache is a file that nothing
// authenticates: it serves a new session, and only while the server gives no metadata. It never decides where the tokens
// of a grant go or which keys are the issuer's.
type metadataSource struct {
	cfg  Config
	http *httpClient

	mu      sync.Mutex
	current Metadata  // as the server gave it to this process; no Issuer: not yet
	fetched time.Time // when it did
	asked   time.Time // when a verification asked last
}

// ask asks the server, and returns what it says with the configured endpoints put over it.
func (s *metadataSource) ask(ctx context.Context) (Metadata, error) {
	if s.cfg.byHand() {
		return s.configured(), nil
	}
	if err := s.cfg.checkClock("metadata"); err != nil {
		return Metadata{}, err
	}
	m, err := s.discover(ctx)
	if err != nil {
		return Metadata{}, err
	}
	s.keep(m, time.Now())
	return m.with(s.cfg), nil
}

// configured is the metadata that the configuration holds.
func (s *metadataSource) configured() Metadata { return Metadata{Issuer: s.cfg.Issuer}.with(s.cfg) }

// forSession is metadata for a new session: current if the server gives it, else what it gave before.
func (s *metadataSource) forSession(ctx context.Context) (Metadata, error) {
	old, at := s.got()
	if !at.IsZero() && time.Since(at) < sessionMaxAge {
		return old.with(s.cfg), nil
	}
	m, err := s.ask(ctx)
	if err == nil || !transient(err) {
		return m, err
	}
	if at.IsZero() {
		old = s.cached()
	}
	if old.Issuer == "" {
		return m, err
	}
	s.cfg.Log.Warn("metadata not available, using what is known", "error", err)
	return old.with(s.cfg), nil
}

// trusted is metadata that may decide where tokens go and which keys verify: configured, or given to this process by
// the server over TLS. It asks again once a day.
func (s *metadataSource) trusted(ctx context.Context) (Metadata, error) {
	if s.cfg.byHand() {
		return s.configured(), nil
	}
	old, at := s.got()
	if !at.IsZero() && !s.verifyDue(at, time.Now()) {
		return old.with(s.cfg), nil
	}
	ctx, cancel := context.WithTimeout(ctx, metadataLimit)
	defer cancel()
	m, err := s.ask(ctx)
	if err != nil && !at.IsZero() {
		s.cfg.Log.Info("verifying without current metadata", "error", err)
		return old.with(s.cfg), nil
	}
	return m, err
}

// verifyDue reports that metadata of this age is old and that it was not asked for lately; the caller is to ask.
func (s *metadataSource) verifyDue(fetched, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(fetched) < verifyMaxAge || now.Sub(s.asked) < verifyPeriod {
		return false
	}
	s.asked = now
	return true
}

// transient reports an error that says nothing against metadata that was good before.
func transient(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind != Misconfigured && e.Kind != ClockUnset
}

// got is what the server gave to this process, and when; the zero time: nothing yet.
func (s *metadataSource) got() (Metadata, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.current, s.fetched
}

// cached is the document in the cache, if it is as good as a fetched one.
func (s *metadataSource) cached() Metadata {
	if s.cfg.Cache == nil {
		return Metadata{}
	}
	body, err := s.cfg.Cache.Load()
	if err != nil {
		return Metadata{}
	}
	m, err := parseMetadata(body, s.cfg.Issuer)
	if err != nil || !m.with(s.cfg).complete() {
		return Metadata{}
	}
	return m
}

// keep keeps metadata in memory and in the cache.
func (s *metadataSource) keep(m Metadata, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.fetched = m, now
	if s.cfg.Cache == nil {
		return
	}
	body, err := json.Marshal(m)
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
		e, typed := errors.AsType[*Error](err)
		if _, unreachable := errors.AsType[*transportError](err); unreachable || !typed {
			return Metadata{}, err
		}
		worst = moreTelling(worst, e)
	}
	return Metadata{}, worst
}

// moreTelling prefers a failure of the server to a wrong document, and either to "not found".
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
	r, err := s.http.get(ctx, from, http.Header{})
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

// FileCache keeps metadata in the file metadata.json of a state directory. It is the Config.Cache of a daemon.
func FileCache(dir string) MetadataCache { return fileCache{dir} }

type fileCache struct{ dir string }

const cacheName = "metadata.json"

// Load refuses a file, or a folder, in which another account could have put its own metadata.
func (c fileCache) Load() ([]byte, error) {
	dir, err := statedir.Open(c.dir, nil)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadFile(cacheName, bodyLimit)
}

// Save writes only if something has changed: the metadata of most servers stays the same for years.
func (c fileCache) Save(body []byte) error {
	dir, err := statedir.Open(c.dir, nil)
	if err != nil {
		return err
	}
	defer dir.Close()
	if old, err := dir.ReadFile(cacheName, bodyLimit); err == nil && bytes.Equal(old, body) {
		return nil
	}
	return dir.WriteFile(cacheName, body)
}
