package agent

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/display"
)

const hold = 4 * time.Second

// While a paired device pairs again the old grant serves; then the new one does, without a gap, the queue is
// the new account's alone, and the old grant is revoked.
func TestPairAgainOtherAccount(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.put(3)
		l.auth.change(func() { l.auth.subject = "bob" })
		l.press(hold)
		l.is(control.StatePairing, "")
		s := l.Status()
		if s.Grant == nil || s.Grant.Subject != "alice" || s.Broker.State != control.BrokerOnline {
			t.Errorf("%+v %+v", s.Grant, s.Broker)
		}
		l.pass(time.Minute)
		l.is(control.StatePaired, "")
		l.saw("0s serve A1", "4s code 1", "34s approved", "34s revoke R1", "34s end A1: swapping the token", "34s serve A2")
		if s := l.Status(); s.Grant.Subject != "bob" || s.Queue.Dropped != 3 || s.Queue.Messages != 1 {
			t.Errorf("%+v %+v", s.Grant, s.Queue) // what is in the queue is the event of the pairing
		}
		if got := strings.Join(l.link.sent(), " "); got != "paired" {
			t.Errorf("events to the broker: %s", got)
		}
		if l.link.sampled.n() != 2 || l.link.samplers.Load() != 1 {
			t.Errorf("%d samplers, %d running", l.link.sampled.n(), l.link.samplers.Load())
		}
	})
}

func TestPairAgainSameAccount(t *testing.T) {
	bubble(t, paired(0, nil), func(l *lab) {
		l.put(3)
		l.press(hold)
		l.pass(time.Minute)
		if s := l.Status(); s.Queue.Dropped != 0 || s.Queue.Messages != 4 {
			t.Errorf("%+v", s.Queue)
		}
		l.drain()
		l.reboot() // the event of the pairing is not sent again
		l.pass(time.Minute)
		if got := strings.Join(l.link.sent(), " "); got != "paired" {
			t.Errorf("events to the broker: %s", got)
		}
	})
}

// "No subject known (a server without ID tokens) counts as another account when pairing again", but not
// when refreshing, nor where only a refresh names a subject.
func TestNoSubject(t *testing.T) {
	bubble(t, setups(func(l *lab) { l.auth.subject = "" }, paired(0, nil)), func(l *lab) {
		l.put(3)
		l.pass(time.Hour)
		l.auth.change(func() { l.auth.subject = "alice" })
		l.pass(time.Hour)
		if s := l.Status(); s.Queue.Dropped != 0 || s.Queue.Messages != 3 {
			t.Errorf("%+v", s.Queue)
		}
		l.auth.change(func() { l.auth.subject = "" })
		l.press(hold)
		l.pass(time.Minute)
		if s := l.Status(); s.Queue.Dropped != 3 {
			t.Errorf("%+v", s.Queue)
		}
	})
}

// Denial, expiry and a server that gives no code lead back to where it was.
func TestPairAgainInVain(t *testing.T) {
	for name, setup := range map[string]func(*lab){
		"denied":  denies,
		"expired": neverApproved,
		"no code": func(l *lab) { l.auth.begin = func(int) error { return fails(deviceauth.Server) } },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, setups(auto, paired(0, nil), setup), func(l *lab) {
				l.press(hold)
				l.pass(30 * time.Minute)
				l.is(control.StatePaired, "")
				got := l.drain()
				if got[0] != "0s serve A1" || strings.Contains(strings.Join(got[1:], " "), "A1") {
					t.Errorf("the session was touched: %v", got)
				}
				l.pass(24 * time.Hour)
				for _, line := range l.drain() {
					if strings.Contains(line, "code") {
						t.Errorf("it tries again by itself: %s", line)
					}
				}
			})
		})
	}
}

// The grant goes while a new code is up: the code stays.
func TestGoneWhilePairing(t *testing.T) {
	bubble(t, setups(paired(0, nil), always(fails(deviceauth.Gone)), decides(5*time.Minute, nil)), func(l *lab) {
		l.pass(40 * time.Minute)
		l.press(hold)
		l.pass(2 * time.Minute)
		l.is(control.StatePairing, "")
		if l.Status().Grant != nil {
			t.Error("the status still has the grant")
		}
		l.pass(4 * time.Minute)
		l.is(control.StatePaired, "")
	})
}

// The renewed grant could not be written yet when a new pairing comes: it is the renewed one that is revoked.
func TestPairAgainOverUnsaved(t *testing.T) {
	bubble(t, setups(lives(time.Minute), paired(0, nil), func(l *lab) {
		l.auth.refresh = func(int) error { l.broken.Store(true); return nil }
	}), func(l *lab) {
		l.pass(45 * time.Second)
		l.is(control.StatePaired, "storage")
		l.auth.change(func() { l.auth.subject = "bob" })
		l.press(hold)
		l.pass(40 * time.Second)
		l.broken.Store(false)
		l.auth.change(func() { l.auth.refresh = nil })
		l.pass(7 * time.Second)
		l.is(control.StatePaired, "")
		if got := strings.Join(l.drain(), " "); !strings.Contains(got, "revoke R2") || strings.Contains(got, "revoke R1") {
			t.Error(got)
		}
	})
}

// Power goes between the new grant and the revocation of the old: the next start revokes it.
func TestRevokedAfterCut(t *testing.T) {
	bubble(t, setups(paired(0, nil), func(l *lab) {
		s, err := store.Open(store.Options{Dir: l.dir, Device: "dev"})
		if err != nil {
			t.Fatal(err)
		}
		l.auth.subject = "bob"
		g := grantOf(l.auth.issue(), time.Now())
		g.Pairing = "after"
		_, err = s.Save(g)
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}), func(l *lab) {
		l.pass(41 * time.Minute)
		got := l.drain()
		if len(got) < 2 || got[0] != "0s revoke R1" && got[1] != "0s revoke R1" {
			t.Error(got)
		}
		l.reboot()
		l.pass(time.Minute)
		if got := strings.Join(l.drain(), " "); strings.Contains(got, "revoke") {
			t.Error(got)
		}
	})
}

// While a token in hand waits for the disk the code is not shown any more.
func TestApprovedAndDiskBroken(t *testing.T) {
	bubble(t, nil, func(l *lab) {
		l.approvedOnBrokenDisk()
		if s, _ := l.panel.now(); s.(display.Problem).Code != "storage" {
			t.Errorf("%#v", s)
		}
		l.saw("100ms code 1", "30.1s approved")
		l.diskIsBack()
		l.saw("1m15.1s serve A1")
	})
}
