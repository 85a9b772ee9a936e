//go:build real

package board

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/pairlab/internal/board/wire"
)

// cutRefresh takes the power away when the server has rotated the refresh token and its answer is on the way.
func (s *scene) cutRefresh() error {
	cut := make(chan struct{})
	s.onRefresh(func() {
		s.onRefresh(nil)
		s.cut()
		close(cut)
	})
	err := s.do("Refresh", true, new(bool))
	if err == nil {
		return fmt.Errorf("the refresh was answered")
	}
	select {
	case <-cut:
	case <-time.After(e2e.WaitLimit):
		return fmt.Errorf("the server sees no refresh: %w", err)
	}
	return first(func() error { return s.boot(true) }, func() error { return s.await("online", e2e.Online) })
}

// cutQueue takes the power away while messages are queued. Those that were accepted arrive.
func (s *scene) cutQueue() error {
	const messages = 20
	s.outage(true)
	accepted, err := s.publishUntil(messages)
	if err != nil {
		return err
	}
	s.outage(false)
	return first(func() error { return s.boot(true) }, func() error { return s.await("online", e2e.Online) },
		func() error { return s.haveArrived(accepted) })
}

// publishUntil publishes one message after the other. When that many are accepted, the power goes while more come.
// It returns the payloads that were accepted.
func (s *scene) publishUntil(enough int) (accepted []string, err error) {
	cut := make(chan struct{})
	for {
		payload, err := s.publish(len(accepted))
		if err == nil {
			accepted = append(accepted, payload)
		}
		switch {
		case len(accepted) == enough && err == nil:
			go func() { s.qemu.Kill(); close(cut) }()
		case err != nil && len(accepted) < enough:
			return nil, err
		case err != nil:
			<-cut
			s.cut()
			return accepted, nil
		}
	}
}

// publish puts a message on the daemon's queue, which no other has been like.
func (s *scene) publish(i int) (payload string, err error) {
	payload = fmt.Sprintf("message %d of life %d", i, s.boots)
	return payload, s.do("Publish", wire.Message{Topic: "kept", Payload: []byte(payload)}, new(bool))
}

// haveArrived waits for messages.
func (s *scene) haveArrived(payloads []string) error {
	return s.eventually("what was accepted arrives", func() (bool, error) {
		there := map[string]bool{}
		for _, m := range s.came() {
			there[string(m.Payload)] = true
		}
		missing := slices.DeleteFunc(slices.Clone(payloads), func(p string) bool { return there[p] })
		return len(missing) == 0, fmt.Errorf("%d of %d are missing, such as %.1q", len(missing), len(payloads), missing)
	})
}

var (
	seed  = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the moments at which the power fails")
	kills = flag.Int("kills", 25, "how often the power fails, for each of the two binaries")
)

// The power fails at random moments: while the board boots, opens its disk, refreshes its tokens or queues messages. Each
// time it is still paired afterwards, and what was accepted arrives.
func TestPowerFails(t *testing.T) {
	t.Parallel()
	for i, arch := range []string{"arm64", "armv6"} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			t.Logf("-seed %d", *seed)
			chance := rand.New(rand.NewPCG(*seed, uint64(i)))
			s := newScene(t, panels()["ssd1306-i2c"], e2e.Program("paird-"+arch))
			if err := first(func() error { return s.boot(true) }, func() error { return s.await("unpaired", e2e.Unpaired) }, func() error { return s.pair(0) }); err != nil {
				t.Fatal(err)
			}
			s.cut()
			began := time.Now()
			accepted, early, err := s.lives(chance)
			if err != nil {
				t.Fatalf("life %d, whose power failed after %s: %v", s.boots, s.cutAfter, err)
			}
			s.cutAfter = 0
			err = first(func() error { return s.boot(true) }, func() error { return s.await("online", e2e.Online) }, func() error { return s.haveArrived(accepted) })
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%6.1f s  %d power cuts, %d of them before a message was accepted; %d messages were accepted and arrived",
				time.Since(began).Seconds(), *kills, early, len(accepted))
		})
	}
}

// lives are those between power cuts, of which the early ones come before a message was accepted. The moments are spread over the
// time that the last whole boot took on this machine, and as long again.
func (s *scene) lives(chance *rand.Rand) (accepted []string, early int, err error) {
	began := time.Now()
	if err := first(func() error { return s.boot(true) }, func() error { return s.await("paired", paired) }); err != nil {
		return nil, 0, err
	}
	boot := time.Since(began)
	s.cut()
	for range *kills {
		s.cutAfter = time.Duration((0.02 + 2*chance.Float64()) * float64(boot))
		more, took, err := s.life()
		accepted = append(accepted, more...)
		if !s.hasFailed() || errors.Is(err, errUnpaired) {
			return nil, 0, fmt.Errorf("after %d accepted messages: %w", len(accepted), err)
		}
		if len(more) > 0 {
			boot = took
		} else {
			early++
			boot += boot / 4 // the host may have become slower
		}
		s.cut()
	}
	return accepted, early, nil
}

// errUnpaired is a grant that was lost.
var errUnpaired = errors.New("the board is not paired any more")

// life boots, and publishes until the power fails; in some lives the tokens are refreshed meanwhile. The boot took that long until
// the first message was accepted.
func (s *scene) life() (accepted []string, boot time.Duration, err error) {
	began := time.Now()
	if err := s.boot(true); err != nil {
		return nil, 0, err
	}
	for err == nil {
		st, e := s.status()
		if err = e; err == nil && e2e.Unpaired(st) {
			return accepted, boot, fmt.Errorf("%w: %+v", errUnpaired, st)
		}
		payload, e := s.publish(len(accepted))
		if err = errors.Join(err, e); e == nil {
			accepted = append(accepted, payload)
		}
		if boot == 0 {
			boot = time.Since(began)
		}
		time.Sleep(20 * time.Millisecond) // the other boards need the host too
		if s.boots%2 == 0 && err == nil {
			err = s.do("Refresh", true, new(bool))
		}
	}
	return accepted, boot, err
}

func paired(st control.Status) bool { return st.State == control.StatePaired }
