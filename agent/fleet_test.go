package agent

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
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
		for n := range devices {
			random := rand.New(rand.NewPCG(120, uint64(n)))
			var mu sync.Mutex
			off := 50*time.Minute + time.Duration(n%2)*time.Hour
			disk := &memStore{disk: disk{gen: 1, grant: &store.Grant{
				AccessToken: "A", RefreshToken: "R", Pairing: "p", Subject: "alice", Lifetime: time.Hour,
				Refreshed: time.Now().Add(-off), Expiry: time.Now().Add(time.Hour - off),
			}}}
			a := New(Options{
				DeviceID: fmt.Sprint("dev", n), Auth: countedAuth{requests: requests}, Link: countedLink{connects: connects}, Store: disk,
				Queue: noQueue{}, Clock: setClock{}, BrokerURL: "mqtts://b", Spread: spread, Log: slog.New(slog.DiscardHandler),
				Rand: func(d time.Duration) time.Duration {
					mu.Lock()
					defer mu.Unlock()
					return time.Duration(random.Int64N(int64(max(d, 1))))
				},
			})
			all.Go(func() { _ = a.Run(ctx) })
		}
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
