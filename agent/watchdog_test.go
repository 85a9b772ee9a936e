package agent

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/telemetry"
)

// stuckLink has a deadlock: Serve never returns, whatever its context says.
type stuckLink struct {
	*linkModel
	free chan struct{}
}

func (m stuckLink) Serve(ctx context.Context, c telemetry.Credentials, online func()) error {
	<-m.free
	return context.Cause(ctx)
}

// stuckAuth hangs in one of its calls, whatever its context says.
type stuckAuth struct {
	*authModel
	free chan struct{}
	in   string
}

func (a stuckAuth) stick(call string) {
	if a.in == call {
		<-a.free
	}
}

func (a stuckAuth) Begin(ctx context.Context) (deviceauth.Pending, error) {
	a.stick("begin")
	return a.authModel.Begin(ctx)
}

func (a stuckAuth) Wait(ctx context.Context, p deviceauth.Pending) (deviceauth.Token, error) {
	a.stick("wait")
	return a.authModel.Wait(ctx, p)
}

func (a stuckAuth) Refresh(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	a.stick("refresh")
	return a.authModel.Refresh(ctx, t)
}

// The watchdog is for what is stuck, wherever that is: the heartbeat ends within a few minutes, and goes on when it
// is free again.
func TestWatchdogSeesWhatHangs(t *testing.T) {
	for name, tt := range map[string]struct {
		setup func(*lab, chan struct{})
		press time.Duration
		most  time.Duration // of the last beat, since the start
	}{
		"session": {func(l *lab, free chan struct{}) { l.o.Link = stuckLink{l.link, free} }, 0, 4 * time.Minute},
		"begin":   {func(l *lab, free chan struct{}) { l.o.Auth = stuckAuth{l.auth, free, "begin"} }, hold, 4 * time.Minute},
		"poll":    {func(l *lab, free chan struct{}) { l.o.Auth = stuckAuth{l.auth, free, "wait"} }, hold, 14 * time.Minute},
		"refresh": {func(l *lab, free chan struct{}) { l.o.Auth = stuckAuth{l.auth, free, "refresh"} }, 0, 45 * time.Minute},
		"LED":     {func(l *lab, free chan struct{}) { l.o.LED = func(bool) error { <-free; return nil } }, 0, time.Minute},
		"a part beside the loops": {func(l *lab, free chan struct{}) {
			l.o.Watch = map[string]func(context.Context) bool{"panel": func(context.Context) bool { <-free; return true }}
		}, 0, 0},
		"a part that reports trouble": {func(l *lab, free chan struct{}) {
			l.o.Watch = map[string]func(context.Context) bool{"panel": func(context.Context) bool {
				select {
				case <-free:
					return true
				default:
					return false
				}
			}}
		}, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var last atomic.Int64
			var beats counter
			var free chan struct{}
			bubble(t, setups(paired(0, nil), func(l *lab) {
				free = make(chan struct{}) // of the bubble
				tt.setup(l, free)
				l.o.Alive, l.o.AliveEvery = func() { beats.next(); last.Store(int64(time.Since(l.began))) }, 40*time.Second
			}), func(l *lab) {
				if tt.press > 0 {
					l.press(tt.press)
				}
				l.pass(3 * time.Hour)
				if at := time.Duration(last.Load()); at > tt.most {
					t.Errorf("%d beats, the last after %v", beats.n(), at)
				}
				close(free)
				before := beats.n()
				l.pass(time.Hour)
				if n := beats.n() - before; n < 80 {
					t.Errorf("%d beats in the hour after it", n)
				}
			})
		})
	}
}

// A session that makes progress, a poll within the life of its code and a disk in trouble are no hang.
func TestWatchdogWaits(t *testing.T) {
	for name, setup := range map[string]func(*lab){
		"idle session": paired(0, nil),
		"poll":         setups(auto, neverApproved, func(l *lab) { l.auth.codeLife = time.Hour }),
		"server down":  setups(paired(0, nil), always(fails(deviceauth.Server))),
		"disk broken while a grant is in hand": setups(paired(0, nil), func(l *lab) {
			l.auth.refresh = func(int) error { l.broken.Store(true); return nil }
		}),
	} {
		var beats counter
		bubble(t, setups(setup, func(l *lab) { l.o.Alive, l.o.AliveEvery = func() { beats.next() }, 40*time.Second }), func(l *lab) {
			l.pass(2*time.Hour + time.Second)
			if beats.n() != 180 {
				t.Errorf("%s: %d beats in two hours", name, beats.n())
			}
			l.broken.Store(false)
		})
	}
}

// A wait for a moment that is over by then ends at once: it has a limit, although time.Until is negative.
func TestWaitForThePastEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		for _, late := range []time.Duration{0, time.Nanosecond, time.Hour} {
			make(pulse).wait(t.Context(), time.Until(began.Add(-late)), nil, nil)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("they took %v", took)
		}
	})
}
