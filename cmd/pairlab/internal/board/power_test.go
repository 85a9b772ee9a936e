//go:build real

package board

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the moments at which the power fails")

// kills is how often the power of a board fails, for each of the two binaries.
const kills = 25

// The power fails at random moments: while the board boots, opens its disk, refreshes its tokens or queues messages. Each
// time it is still paired, and what was accepted arrives.
func TestPowerFails(t *testing.T) {
	for i, arch := range []string{"arm64", "armv6"} {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			t.Logf("-seed %d", *seed)
			chance := rand.New(rand.NewPCG(*seed, uint64(i)))
			s := newScene(t, ssd1306, e2e.Program("paird-"+arch))
			if err := first(func() error { return s.boot(true) }, func() error { return s.await("unpaired", e2e.Unpaired) }, func() error { return s.pair(0) }); err != nil {
				t.Fatal(err)
			}
			accepted, err := s.killOften(chance)
			if err != nil {
				t.Fatalf("life %d: %v", s.boots, err)
			}
			err = first(func() error { return s.boot(true) }, func() error { return s.await("online", e2e.Online) }, func() error { return s.haveArrived(accepted) })
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d messages were accepted in %d lives and arrived", len(accepted), s.boots)
		})
	}
}

// killOften cuts the power again and again, and returns what was accepted.
func (s *scene) killOften(chance *rand.Rand) (accepted []string, err error) {
	for range kills {
		more, err := s.publishUntilCut(time.Duration(chance.Int64N(int64(2 * time.Second))))
		if err != nil {
			return nil, err
		}
		accepted = append(accepted, more...)
		if err := s.boot(true); err != nil {
			return nil, err
		}
		if err := s.await("paired", paired); err != nil {
			return nil, fmt.Errorf("after %d accepted messages: %w", len(accepted), err)
		}
	}
	return accepted, nil
}

func paired(st control.Status) bool { return st.State == control.StatePaired }
