package agent

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paird/paird/agent/telemetry"
)

// inboxModel notes whose it is.
type inboxModel struct {
	lab   *lab
	mu    sync.Mutex
	owner string
}

func (m *inboxModel) Next(ctx context.Context, _ uint64, _ func(string) bool) (uint64, string, []byte, error) {
	<-ctx.Done()
	return 0, "", nil, ctx.Err()
}

func (m *inboxModel) Ack(uint64) error { return nil }

func (m *inboxModel) Bind(account string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owner != account {
		m.lab.note("inbox of %s", strings.TrimPrefix(account, "https://as "))
		m.owner = account
	}
	return nil
}

func (m *inboxModel) Erase() error {
	m.lab.note("inbox erased")
	return nil
}

// receives gives the device an inbox and notes when the broker is asked to discard what it keeps.
func receives(l *lab) {
	l.o.Inbox = &inboxModel{lab: l}
	l.link.accept = func(_ int, c telemetry.Credentials) (time.Duration, error) {
		if c.NewAccount {
			l.note("discard")
		}
		return -1, nil
	}
}

// The inbox changes hands with the queue and goes with a reset; what the broker keeps for another account is discarded in
// the first session after such a pairing, and only then.
func TestInboxOwner(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), receives), func(l *lab) {
		l.pass(time.Second)
		l.saw("0s inbox of alice", "0s serve A1")
		l.press(hold) // the same person
		l.pass(time.Minute)
		l.auth.change(func() { l.auth.subject = "bob" })
		l.drain()
		l.press(hold)
		l.pass(time.Minute)
		got := strings.Join(l.drain(), " | ")
		if !strings.Contains(got, "inbox of bob") || strings.Count(got, "discard") != 1 {
			t.Error(got)
		}
		if _, err := l.Reset(l.Context()); err != nil {
			t.Error(err)
		}
		if got := strings.Join(l.drain(), " | "); !strings.Contains(got, "inbox erased") || strings.Contains(got, "discard") {
			t.Error(got)
		}
	})
}

// The same person pairs again: nothing is discarded.
func TestInboxOfTheSamePerson(t *testing.T) {
	bubble(t, setups(lives(1000*time.Hour), paired(0, nil), receives), func(l *lab) {
		l.press(hold)
		l.pass(time.Minute)
		if got := strings.Join(l.drain(), " | "); strings.Contains(got, "discard") {
			t.Error(got)
		}
	})
}
