package agent

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/astest"
	"github.com/paird/paird/agent/store"
)

// household is one device of a user, from the first press to the end of a random history, with what the outside does to
// it. The authorization client is the real one.
type household struct {
	t      *testing.T
	random *rand.Rand
	policy astest.Policy
	site   *astest.Site
	revoke string
	auto   bool // start = "auto"
	wide   bool // with what newHousehold(wide) adds

	store   *memStore
	agent   *Agent
	cutNet  context.CancelFunc // the device's network ends, as with its power
	stop    func()             // SIGTERM, and Run has returned
	clock   *stepClock
	running bool

	scene
	since    time.Time // of the last reset: what was given before is over
	excused  map[int]string
	mended   time.Time     // when the disk was last broken or repaired
	cutShort []time.Time   // presses and stops, which end a poll
	sibling  astest.Tokens // of another device of the same user
	resetsOf bool          // a reset has revoked
}

// newHousehold draws a household. A wide one also has any auth.revoke, start = "auto", tokens of further audiences and ID
// tokens that are refused; the histories of the others stay as they were drawn before there were wide ones.
func newHousehold(t *testing.T, seed int, wide bool) *household {
	random := rand.New(rand.NewPCG(7, uint64(seed)))
	policies := []astest.Policy{astest.Strict, astest.Tolerant, astest.UntilUsed, astest.KeepsOld, astest.Steady, astest.Shared}
	h := &household{
		t: t, random: random, policy: policies[seed%len(policies)], store: &memStore{}, clock: &stepClock{},
		scene: newScene(), excused: map[int]string{}, revoke: []string{"auto", "auto", "reset"}[random.IntN(3)],
	}
	h.site = astest.NewSite(astest.New(h.policy))
	h.site.Lifetime = time.Duration(1+random.IntN(6)) * time.Minute
	h.site.CodeLife = 2 * time.Minute
	h.site.Respends = true
	h.site.IDTokens = random.IntN(5) == 0
	h.site.Treat, h.site.Decide = h.treat, h.decide
	if h.wide = wide; wide {
		h.revoke = []string{revokeAuto, revokeReset, revokeNever}[random.IntN(3)]
		h.site.IDTokens = random.IntN(2) == 0
		h.auto = random.IntN(3) == 0
	}
	if h.policy.Shared { // the user's other device
		h.site.With(func(s *astest.Server, _ []*astest.Issue) { h.sibling = s.Pair("alice", time.Now()) })
	}
	return h
}

// upTo is a random duration.
func (h *household) upTo(d time.Duration) time.Duration {
	return time.Duration(h.random.Int64N(int64(d)))
}

// decide is what the user does with a code.
func (h *household) decide(n int) astest.Decision {
	d := astest.Decision{After: time.Duration(5+n*7%40) * time.Second, Approve: n%5 != 4, Account: "alice"}
	if n%4 == 3 && !h.policy.Shared {
		d.Account = "bob"
	}
	return d
}

// boot starts the daemon.
func (h *household) boot() {
	ctx, cancel := context.WithCancel(h.t.Context())
	power, cut := context.WithCancel(h.t.Context())
	log := slog.New(slog.DiscardHandler)
	if *oneSeed >= 0 {
		log = slog.New(slog.NewTextHandler(storyWriter{&h.scene}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	client, err := h.client(power, h.site, h.clock, func(p deviceauth.Pending) { h.agent.PendingChanged(p) }, log)
	if err != nil {
		h.t.Fatal(err)
	}
	h.agent = New(Options{
		DeviceID: "dev", Auth: client, Store: h.store, Queue: quietQueue{}, Clock: h.clock, Revoke: h.revoke,
		Bound: store.Binding{Issuer: astest.Issuer, ClientID: astest.ClientID}, Log: log,
		Rand: func(d time.Duration) time.Duration { return d / 2 }, StartAuto: h.auto,
		Audiences: map[string]deviceauth.AudienceRequest{"api": {Resource: "https://api.example"}},
	})
	done := make(chan struct{})
	agent := h.agent
	go func() { defer close(done); _ = agent.Run(ctx) }()
	h.stop = func() { cancel(); <-done; cut() }
	h.cutNet = cut
	h.running = true
}

// excuse finds what the present moment makes unavoidable for a grant: a response that did not arrive. Only a server that
// tolerates the token before can be asked again.
func (h *household) excuse(why string) {
	h.site.With(func(_ *astest.Server, issues []*astest.Issue) {
		for _, i := range issues {
			if i.Delivered.IsZero() && h.excused[i.Grant] == "" {
				h.excused[i.Grant] = why
			}
		}
	})
}

// incidents are what may happen, with their weights.
func (h *household) incident() {
	all := 100
	if h.wide {
		all = 115
	}
	switch n := h.random.IntN(all); {
	case n >= 107:
		h.askAudience()
	case n >= 100:
		h.toggle("foreign ID token")
	case n < 22:
		h.say("press")
		h.cutShort = append(h.cutShort, time.Now())
		h.agent.requestPairing()
	case n < 34:
		h.terminate()
	case n < 46:
		h.cut()
	case n < 49:
		h.reset()
	case n < 58:
		h.toggle("down")
	case n < 65:
		h.toggle("lose")
	case n < 72:
		h.toggle("unusable")
	case n < 77:
		h.toggle("slow keys")
	case n < 83:
		h.toggle("hang")
	case n < 87:
		h.say("the endpoints move")
		h.site.Move()
	case n < 92:
		h.breakDisk()
	default:
		h.askToken()
	}
}

func (h *household) breakDisk() {
	h.store.mu.Lock()
	h.store.broken = !h.store.broken
	on := h.store.broken
	h.store.mu.Unlock()
	h.mended = time.Now()
	h.say("disk broken: %v", on)
}

// terminate is SIGTERM and a start.
func (h *household) terminate() {
	h.say("SIGTERM")
	h.cutShort = append(h.cutShort, time.Now())
	began := time.Now()
	h.stop()
	if d := time.Since(began); d > 14*time.Second {
		h.fail("the stop took %v", d)
	}
	h.start()
}

// cut is a power cut and a start.
func (h *household) cut() {
	h.say("power cut")
	synctest.Wait()
	next := h.store.cut(0)
	h.cutNet()
	h.stop()
	h.store = next
	h.start()
}

// start is a start after a stop: the clock may have been stepped, and may not be set for a while.
func (h *household) start() {
	if h.store.broken || time.Since(h.mended) <= storageRetry { // what was received may not have been written yet
		h.excuse("not delivered")
		h.mu.Lock()
		h.excused[-1] = "the disk was broken when the daemon ended"
		h.mu.Unlock()
	}
	step := time.Duration(0)
	if h.random.IntN(4) == 0 {
		step = h.upTo(20*time.Hour) - 10*time.Hour
	}
	h.store = h.store.cut(step)
	h.clock.unset.Store(h.random.IntN(5) == 0)
	h.say("start, clock stepped by %v, set: %v", step.Round(time.Second), h.clock.Set())
	h.boot()
}

func (h *household) reset() {
	h.say("factory reset")
	if h.store.broken {
		return
	}
	if _, err := h.agent.Reset(h.t.Context()); err != nil {
		h.fail("reset: %v", err)
	}
	h.since, h.resetsOf = time.Now(), true
}

// askToken: a token in hand that is good is served at once, whatever the server does.
func (h *household) askToken() {
	k := h.present()
	if k == nil {
		return
	}
	g, gen, _ := k.current()
	if gen == 0 || !usable(g, time.Now().Add(time.Second)) {
		return
	}
	began := time.Now()
	tok, err := h.agent.Token(h.t.Context(), "", 0, false)
	if d := time.Since(began); err != nil || d > 0 || tok.AccessToken == "" {
		h.fail("a token in hand that is good was served after %v: %v", d, err)
	}
}

// askAudience lets a program ask for the token of another audience: a refresh that may rotate the refresh token.
func (h *household) askAudience() {
	h.say("a token for another audience")
	ctx, cancel := context.WithTimeout(h.t.Context(), 30*time.Second)
	agent, fresh := h.agent, h.random.IntN(2) == 0
	go func() {
		defer cancel()
		_, _ = agent.Token(ctx, "api", time.Hour, fresh)
	}()
}

// present is the keeper, nil before it is there.
func (h *household) present() *keeper {
	synctest.Wait()
	select {
	case k := <-h.agent.keeper:
		h.agent.keeper <- k
		return k
	default:
		return nil
	}
}

// heal ends all faults and lets things settle.
func (h *household) heal() {
	h.mu.Lock()
	clear(h.faults)
	h.mu.Unlock()
	h.clock.unset.Store(false)
	h.store.mu.Lock()
	h.store.broken = false
	h.store.mu.Unlock()
	h.say("all is well again")
	time.Sleep(15 * time.Minute)
	synctest.Wait()
}
