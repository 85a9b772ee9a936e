package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/astest"
	"github.com/paird/paird/agent/internal/crashtest"
	bolt "go.etcd.io/bbolt"
)

// standing is the server's time: a retry after a cut is within the grace time.
var standing = time.Now()

// A client is the keeper in small: journal, ask, save, use.
type client struct {
	s        *Store
	sv       *astest.Server
	moved    func() // the server has changed
	tooEarly bool   // the mistake: use what is not durable yet
}

func (c client) refresh() error {
	st, err := c.s.Load()
	if err != nil {
		return err
	}
	if st.Grant == nil {
		return astest.ErrInvalidGrant
	}
	if err := c.s.Intend(st.Gen); err != nil {
		return err
	}
	tokens, err := c.sv.Refresh(st.Grant.RefreshToken, standing)
	c.moved()
	if err != nil {
		return errors.Join(err, c.s.Forget())
	}
	if c.tooEarly {
		c.sv.Use(tokens.Access)
		c.moved()
	}
	if _, err := c.s.Save(granted(tokens)); err != nil {
		return err
	}
	c.sv.Use(tokens.Access)
	c.moved()
	return nil
}

func granted(t astest.Tokens) Grant {
	g := grantN(1)
	g.AccessToken, g.RefreshToken = t.Access, t.Refresh
	return g
}

// recordRefreshes pairs and refreshes, and returns what reached the disk and how the server stood at
// each mark.
func recordRefreshes(t *testing.T, p astest.Policy, tooEarly bool) (*crashtest.Recorder, []*astest.Server) {
	t.Helper()
	dir := crashtest.Dir(t)
	rec := crashtest.New(dir)
	s := open(t, Options{
		Dir: dir, Device: "device-1",
		Tap: rec.Tap, Opened: func(db *bolt.DB) { rec.Hook(db) },
	})
	sv := astest.New(p)
	var stood []*astest.Server
	c := client{s: s, sv: sv, tooEarly: tooEarly, moved: func() {
		rec.Mark(len(stood))
		stood = append(stood, sv.Clone())
	}}
	save(t, s, granted(sv.Pair("alice", standing)))
	c.moved() // paired: what comes before is not asked about
	for range 12 + crashtest.States(t)/500 {
		if err := c.refresh(); err != nil {
			t.Fatal(err)
		}
	}
	return rec, stood
}

// stillPaired is the oracle: after the cut the device refreshes at once, and again, wherever the
// server's policy allows it.
func stillPaired(t *testing.T, stood []*astest.Server) func(string, crashtest.State) error {
	o := Options{Device: "device-1", Probe: crashtest.Probe(t)}
	return func(dir string, cut crashtest.State) error {
		if cut.Mark < 0 {
			return nil
		}
		return inspect(o, dir, func(s *Store, st State) error {
			sv := stood[cut.Mark]
			if over, err := sv.Kept(refreshToken(st), st.Intent); over || err != nil {
				return err
			}
			c := client{s: s, sv: sv.Clone(), moved: func() {}}
			if err := errors.Join(c.refresh(), c.refresh()); err != nil {
				return fmt.Errorf("server %+v, device %s: %w", *sv, brief(st), err)
			}
			return nil
		})
	}
}

func TestRefreshSurvivesPowerCuts(t *testing.T) {
	for _, p := range []astest.Policy{astest.Strict, astest.Tolerant, astest.UntilUsed, astest.KeepsOld} {
		rec, stood := recordRefreshes(t, p, false)
		crashtest.Holds(t, p.Name, rec.Ops(), crashtest.Options{Seed: 1, Limit: crashtest.States(t) / 8}, stillPaired(t, stood))
	}
}

// Using the new token before it is durable makes the server forget the old one too early. The oracle
// has to see it.
func TestUseBeforeDurableIsCaught(t *testing.T) {
	rec, stood := recordRefreshes(t, astest.UntilUsed, true)
	crashtest.Breaks(t, "a token used too early", rec.Ops(), crashtest.Options{Seed: 1, Limit: 300}, stillPaired(t, stood))
}
