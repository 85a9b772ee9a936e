package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/astest"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	bolt "go.etcd.io/bbolt"
)

// rotator is the authorization server. Time stands still: a retry after a cut is within the grace time.
type rotator struct {
	mu       sync.Mutex
	server   *astest.Server
	moved    func(*astest.Server) // it has changed
	tooEarly bool                 // the mistake: tokens are used as they come, before they are durable
}

var standing = time.Now()

func issued(t astest.Tokens) deviceauth.Token {
	return deviceauth.Token{
		AccessToken: t.Access, TokenType: "Bearer", RefreshToken: t.Refresh, Subject: t.Account, Lifetime: time.Hour,
		Expiry: time.Now().Add(time.Hour), Issuer: "https://as", ClientID: "lamp", TokenEndpoint: "https://as/token",
	}
}

func (s *rotator) Begin(context.Context) (deviceauth.Pending, error) {
	return deviceauth.Pending{DeviceCode: "code", ExpiresIn: time.Hour, Issued: time.Now()}, nil
}

func (s *rotator) Wait(context.Context, deviceauth.Pending) (deviceauth.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return issued(s.server.Pair("alice", standing)), nil
}

func (s *rotator) Refresh(_ context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh, err := s.server.Refresh(t.RefreshToken, standing)
	if s.tooEarly && err == nil {
		s.moved(s.server.Clone())
		s.server.Use(fresh.Access)
	}
	s.moved(s.server.Clone())
	if err != nil {
		return deviceauth.Token{}, fails(deviceauth.Gone)
	}
	return issued(fresh), nil
}

func (s *rotator) Audience(ctx context.Context, t deviceauth.Token, _ deviceauth.AudienceRequest) (a, rotated deviceauth.Token, err error) {
	rotated, err = s.Refresh(ctx, t)
	return deviceauth.Token{AccessToken: "print", Lifetime: time.Hour, Expiry: time.Now()}, rotated, err // never cached
}

func (s *rotator) Verify(_ context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	return t, nil
}

func (s *rotator) Revoke(context.Context, deviceauth.Token) error { return nil }

func (s *rotator) use(g store.Grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server.Use(g.RefreshToken)
	s.moved(s.server.Clone())
}

// aClock is set, a quietQueue empty: they are not what is tested here.
type aClock struct{}

func (aClock) Set() bool                  { return true }
func (aClock) Synchronised() bool         { return false }
func (aClock) Wait(context.Context) error { return nil }

type quietQueue struct{}

func (quietQueue) Bind(string) (int, error)                         { return 0, nil }
func (quietQueue) PutContext(context.Context, string, []byte) error { return nil }
func (quietQueue) Stats() queue.Stats                               { return queue.Stats{} }
func (quietQueue) Storage() error                                   { return nil }
func (quietQueue) Erase() error                                     { return nil }

// living runs body beside an agent on that store.
func living(auth authorizer, s *store.Store, body func(ctx context.Context, a *Agent, k *keeper) error) error {
	a := New(Options{
		Auth: auth, Store: s, Queue: quietQueue{}, Clock: aClock{}, Bound: store.Binding{Issuer: "https://as", ClientID: "lamp"},
		Audiences: map[string]deviceauth.AudienceRequest{"print": {}}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	k, err := a.running(ctx)
	if err == nil {
		err = body(ctx, a, k)
	}
	stop()
	return errors.Join(err, <-done)
}

// renewAndUse is what the linker does with a token that the broker refused, and then with the new one.
func renewAndUse(ctx context.Context, s *rotator, k *keeper) error {
	_, gen, _ := k.current()
	g, err := k.token(ctx, gen)
	if err == nil {
		s.use(g)
	}
	return err
}

// recordLife pairs, refreshes and asks for another audience now and then, and returns what reached the disk
// and how the server stood at each mark.
func recordLife(t *testing.T, p astest.Policy, tooEarly bool) (*crashtest.Recorder, []*astest.Server) {
	t.Helper()
	dir := crashtest.Dir(t)
	rec := crashtest.New(dir)
	s, err := store.Open(store.Options{
		Dir: dir, Device: "dev", Tap: rec.Tap, Opened: func(db *bolt.DB) { rec.Hook(db) },
	})
	if err != nil {
		t.Fatal(err)
	}
	var stood []*astest.Server
	sv := &rotator{server: astest.New(p), tooEarly: tooEarly, moved: func(r *astest.Server) {
		rec.Mark(len(stood))
		stood = append(stood, r)
	}}
	err = living(sv, s, func(ctx context.Context, a *Agent, k *keeper) error {
		events := a.Events(ctx)
		if err := a.Pair(ctx); err != nil {
			return err
		}
		<-events // pairing
		<-events // paired
		g, _, _ := k.current()
		sv.use(g)
		for i := range 12 + crashtest.States(t)/500 {
			if err := renewAndUse(ctx, sv, k); err != nil {
				return err
			}
			if i%3 == 0 && !tooEarly {
				if _, err := a.Token(ctx, "print", 0, false); err != nil {
					return err
				}
				g, _, _ := k.current()
				sv.use(g)
			}
		}
		return nil
	})
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	return rec, stood
}

// stillPaired is the oracle: after the cut an agent that starts is paired, and refreshes, and again,
// wherever the server's policy allows it.
func stillPaired(stood []*astest.Server) func(string, crashtest.State) error {
	return func(dir string, cut crashtest.State) error {
		if cut.Mark < 0 {
			return nil // not paired yet
		}
		s, err := store.Open(store.Options{Dir: dir, Device: "dev"})
		if err != nil {
			return err
		}
		defer s.Close()
		st, err := s.Load()
		if err != nil {
			return err
		}
		was := stood[cut.Mark]
		token := ""
		if st.Grant != nil {
			token = st.Grant.RefreshToken
		}
		if over, err := was.Kept(token, st.Intent); over || err != nil {
			return err
		}
		sv := &rotator{server: was.Clone(), moved: func(*astest.Server) {}}
		err = living(sv, s, func(ctx context.Context, a *Agent, k *keeper) error {
			return errors.Join(renewAndUse(ctx, sv, k), renewAndUse(ctx, sv, k))
		})
		if err != nil {
			return fmt.Errorf("server %+v, refresh token %s, intent %v: %w", *was, token, st.Intent, err)
		}
		return nil
	}
}

func TestRefreshSurvivesPowerCuts(t *testing.T) {
	for _, p := range []astest.Policy{astest.Strict, astest.Tolerant, astest.UntilUsed, astest.KeepsOld} {
		t.Run(p.Name, func(t *testing.T) {
			rec, stood := recordLife(t, p, false)
			o := crashtest.Options{Seed: 1, Limit: 100 + crashtest.States(t)/50}
			crashtest.Holds(t, "refreshes", rec.Ops(), o, stillPaired(stood))
		})
	}
}

// Using the new token before it is durable makes the server forget the old one too early. The oracle has
// to see it.
func TestUseBeforeDurableIsCaught(t *testing.T) {
	rec, stood := recordLife(t, astest.UntilUsed, true)
	crashtest.Breaks(t, "a token used too early", rec.Ops(), crashtest.Options{Seed: 1, Limit: 100}, stillPaired(stood))
}
