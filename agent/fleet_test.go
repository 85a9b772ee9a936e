package agent

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/agent/telemetry"
)

// perSecond counts what a fleet asks for in each second of a bubble.
type perSecond struct {
	began time.Time

	mu  sync.Mutex
	all []int
}

func (p *perSecond) add() {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int(time.Since(p.began) / time.Second)
	for len(p.all) <= n {
		p.all = append(p.all, 0)
	}
	p.all[n]++
}

func (p *perSecond) sum() (n int) {
	for _, one := range p.all {
		n += one
	}
	return n
}

// countedAuth answers each refresh after a while.
type countedAuth struct {
	authorizer
	requests *perSecond
}

func (a countedAuth) Refresh(_ context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	a.requests.add()
	time.Sleep(100 * time.Millisecond)
	t.AccessToken, t.Verified, t.Expiry = t.AccessToken+"'", true, time.Now().Add(t.Lifetime)
	return t, nil
}

// countedLink is a broker that takes each token until it ends.
type countedLink struct {
	link
	connects *perSecond
}

func (l countedLink) Serve(ctx context.Context, c telemetry.Credentials, online func()) error {
	if !time.Now().Before(c.Expiry) {
		return telemetry.ErrTokenOver
	}
	l.connects.add()
	online()
	<-ctx.Done()
	return context.Cause(ctx)
}

func (countedLink) Same(a, b telemetry.Credentials) bool              { return a.AccessToken == b.AccessToken }
func (countedLink) Progress() uint64                                  { return 0 }
func (countedLink) RunSampler(ctx context.Context, _ <-chan struct{}) { <-ctx.Done() }
func (countedLink) Event(string, map[string]any)                      {}
func (countedLink) Acked() int                                        { return 0 }
func (countedLink) Oversized() uint64                                 { return 0 }
func (countedLink) Unretained() bool                                  { return false }
func (noQueue) Bind(string) (int, error)                              { return 0, nil }
func (noQueue) PutContext(context.Context, string, []byte) error      { return nil }
func (noQueue) Stats() queue.Stats                                    { return queue.Stats{} }
func (noQueue) Storage() error                                        { return nil }
func (setClock) Set() bool                                            { return true }
func (setClock) Synchronised() bool                                   { return true }

type (
	noQueue  struct{ outbox }
	setClock struct{ trustedClock }
)

// fleet starts devices with tokens of an hour that are as old as age says; they end with ctx.
func fleet(ctx context.Context, all *sync.WaitGroup, devices int, spread time.Duration, age func(n int) time.Duration, auth authorizer, l link) {
	for n := range devices {
		random := rand.New(rand.NewPCG(120, uint64(n)))
		var mu sync.Mutex
		old := age(n)
		disk := &memStore{disk: disk{gen: 1, grant: &store.Grant{
			AccessToken: "A", RefreshToken: "R", Pairing: "p", Subject: "alice", Lifetime: time.Hour,
			Refreshed: time.Now().Add(-old), Expiry: time.Now().Add(time.Hour - old),
		}}}
		a := New(Options{
			DeviceID: fmt.Sprint("dev", n), Auth: auth, Link: l, Store: disk,
			Queue: noQueue{}, Clock: setClock{}, BrokerURL: "mqtts://b", Spread: spread, Log: slog.New(slog.DiscardHandler),
			Rand: func(d time.Duration) time.Duration {
				mu.Lock()
				defer mu.Unlock()
				return time.Duration(random.Int64N(int64(max(d, 1))))
			},
		})
		all.Go(func() { _ = a.Run(ctx) })
	}
}

// 2,000 devices boot at once after a power failure; half of them have a token that is due, half one that has ended. With a
// spread of two minutes the worst second has 2 % of the fleet at most, at the server and at the broker, and each device
// connects once.
func TestFleetBoots(t *testing.T) {
	const spread = 2 * time.Minute
	devices, most := 2000, 2000*2/100
	if raceEnabled { // chance weighs too much among so few to say a share
		devices, most = 200, 200
	}
	synctest.Test(t, func(t *testing.T) {
		requests, connects := &perSecond{began: time.Now()}, &perSecond{began: time.Now()}
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		age := func(n int) time.Duration { return 50*time.Minute + time.Duration(n%2)*time.Hour }
		fleet(ctx, &all, devices, spread, age, countedAuth{requests: requests}, countedLink{connects: connects})
		time.Sleep(spread + 10*time.Second)
		synctest.Wait()
		for name, p := range map[string]*perSecond{"token requests": requests, "connects": connects} {
			worst := slices.Max(p.all)
			t.Logf("%s: %d in all, %d = %.2f %% in the worst second, within %d s", name, p.sum(), worst, 100*float64(worst)/float64(devices), len(p.all))
			if p.sum() != devices || worst > most {
				t.Errorf("%s: %d in all, %d in the worst second", name, p.sum(), worst)
			}
		}
		stop()
		all.Wait()
	})
}

// outage is when a broker loses all its sessions, and for how long it takes no other.
type outage struct{ at, lasts time.Duration }

// lossyLink is a broker with outages.
type lossyLink struct {
	countedLink
	outages []outage
	online  *atomic.Int32
}

func (l lossyLink) Serve(ctx context.Context, _ telemetry.Credentials, online func()) error {
	now := time.Since(l.connects.began)
	l.connects.add()
	var lost <-chan time.Time
	for _, o := range l.outages {
		if o.at <= now && now < o.at+o.lasts {
			return flap
		}
		if lost == nil && now < o.at {
			lost = time.After(o.at - now)
		}
	}
	l.online.Add(1)
	defer l.online.Add(-1)
	online()
	select {
	case <-lost:
		return flap
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// 1,000 devices lose their broker at once. Those it refuses, and those it loses again within a minute, must not gather
// by a back-off of seconds: with a spread of a minute the worst second has under 5 % of the fleet. After an outage that is
// not longer than the spread all are back one spread later.
func TestFleetMeetsABrokerThatWasAway(t *testing.T) {
	const spread, first = time.Minute, 5 * time.Minute
	for _, tt := range []struct {
		name    string
		outages []outage
	}{
		{"for less than the spread", []outage{{first, 10 * time.Second}}},
		{"twice within a minute", []outage{{first, 0}, {first + spread + time.Second, 0}}},
		{"for longer than the spread", []outage{{first, 3 * spread}}},
		{"for less than the spread, twice", []outage{{first, 10 * time.Second}, {first + spread + 15*time.Second, 10 * time.Second}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			devices, most := 1000, 1000*5/100
			if raceEnabled { // chance weighs too much among so few to say a share
				devices, most = 100, 100
			}
			synctest.Test(t, func(t *testing.T) {
				l := lossyLink{countedLink{connects: &perSecond{began: time.Now()}}, tt.outages, new(atomic.Int32)}
				ctx, stop := context.WithCancel(t.Context())
				var all sync.WaitGroup
				fleet(ctx, &all, devices, spread, func(int) time.Duration { return 0 }, countedAuth{requests: &perSecond{began: time.Now()}}, l)
				last := tt.outages[len(tt.outages)-1]
				time.Sleep(last.at + last.lasts + spread + time.Second)
				synctest.Wait()
				worst := slices.Max(l.connects.all)
				t.Logf("%d connects, %d = %.2f %% of the fleet in the worst second", l.connects.sum(), worst, 100*float64(worst)/float64(devices))
				if worst >= most {
					t.Errorf("%d in the worst second", worst)
				}
				if n := int(l.online.Load()); n != devices && last.lasts <= spread {
					t.Errorf("%d online one spread after the broker was back", n)
				}
				stop()
				all.Wait()
			})
		})
	}
}
