package telemetry

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// counted gives the bench a dial function that counts, and takes a second.
func (b *bench) counted() *int {
	n := 0
	b.o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		n++
		time.Sleep(time.Second)
		return b.broker.Dial(ctx, network, addr)
	}
	return &n
}

func TestServeTakesTheConnectionOfPreconnect(t *testing.T) {
	for name, pause := range map[string]time.Duration{"made": 2 * time.Second, "in the making": time.Second / 2} {
		bubble(t, func(t *testing.T) {
			b := newBench(t, nil)
			dials := b.counted()
			b.Preconnect(t.Context())
			b.Preconnect(t.Context()) // one is enough
			time.Sleep(pause)
			if n := len(b.broker.Connects()); n != 0 {
				t.Errorf("%s: %d CONNECTs before Serve", name, n)
			}
			at := time.Now()
			s := b.serve(t, token)
			<-s.online
			if took := time.Since(at); took > time.Second/2 || *dials != 1 {
				t.Errorf("%s: online after %v and %d dials", name, took, *dials)
			}
			time.Sleep(time.Minute) // the session keeps the connection
			s.stop(ErrSwap)
			s = b.serve(t, token)
			<-s.online
			if *dials != 2 {
				t.Errorf("%s: %d dials for two sessions", name, *dials)
			}
			s.stop(nil)
		})
	}
}

func TestPreconnectIsNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		dials := b.counted()
		b.Preconnect(t.Context())
		time.Sleep(readyFor + 2*time.Second)
		synctest.Wait()
		if b.broker.Open() != 0 {
			t.Error("the connection stays open")
		}
		s := b.serve(t, token)
		<-s.online
		s.stop(nil)
		if *dials != 2 {
			t.Errorf("%d dials", *dials)
		}
	})
}

// A broker may close a connection without a CONNECT at any time: that is no reason for a back-off.
func TestPreconnectionThatTheBrokerClosed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		dials := b.counted()
		b.Preconnect(t.Context())
		time.Sleep(2 * time.Second)
		b.broker.Kick()
		s := b.serve(t, token)
		select {
		case <-s.online:
		case err := <-s.result:
			t.Fatal(err)
		}
		s.stop(nil)
		if *dials != 2 {
			t.Errorf("%d dials", *dials)
		}
	})
}

func TestPreconnectThatFails(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		b.o.Dial = func(ctx2 context.Context, network, addr string) (net.Conn, error) {
			if ctx.Err() != nil {
				return b.broker.Dial(ctx2, network, addr)
			}
			<-ctx2.Done()
			return nil, ctx2.Err()
		}
		b.Preconnect(ctx)
		synctest.Wait()
		cancel()
		s := b.serve(t, token)
		<-s.online
		s.stop(nil)
	})
}

// The watchdog sees a session that works: idle for an hour, it makes a step every minute at least.
func TestProgress(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b := newBench(t, func(o *Options) { o.KeepAlive = time.Hour })
		if b.Progress() != 0 {
			t.Error("progress without a session")
		}
		s := b.serve(t, token)
		<-s.online
		last := b.Progress()
		for range 60 {
			time.Sleep(time.Minute)
			if now := b.Progress(); now == last {
				t.Fatal("no progress for a minute")
			} else {
				last = now
			}
		}
		s.stop(nil)
	})
}
