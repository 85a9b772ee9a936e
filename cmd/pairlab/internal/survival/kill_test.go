package survival

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

// publisher sends numbered messages on a topic of its own, over all starts.
type publisher struct {
	topic    string
	pace     time.Duration // 0: 2 ms
	sent     int           // messages tried: 1 to sent
	accepted []int         // those that the daemon took
}

// work publishes until the daemon is gone.
func (p *publisher) work(d *device, underway *atomic.Int32) {
	for pace := time.NewTicker(cmp.Or(p.pace, 2*time.Millisecond)); ; <-pace.C {
		p.sent++
		underway.Add(1)
		err := d.Publish(d.Context(), p.topic, []byte(strconv.Itoa(p.sent)))
		underway.Add(-1)
		if err != nil {
			pace.Stop()
			if _, ok := err.(*control.Error); ok {
				d.Errorf("message %d of %s is refused: %v", p.sent, p.topic, err)
			}
			return
		}
		p.accepted = append(p.accepted, p.sent)
	}
}

// check compares what came with what was sent: each accepted message at least once, the first of each in
// order, and none that was not sent.
func (p *publisher) check(arrived []string) error {
	seen, last := map[int]bool{}, 0
	for _, payload := range arrived {
		n, err := strconv.Atoi(payload)
		if err != nil || n < 1 || n > p.sent {
			return fmt.Errorf("%s: %q was never sent", p.topic, payload)
		}
		if !seen[n] && n < last {
			return fmt.Errorf("%s: %d came first after %d", p.topic, n, last)
		}
		seen[n], last = true, max(last, n)
	}
	for _, n := range p.accepted {
		if !seen[n] {
			return fmt.Errorf("%s: %d was accepted and never came", p.topic, n)
		}
	}
	return nil
}

// tally counts what the kills met.
type tally struct{ refreshing, publishing int }

// Killed at any moment, while it refreshes and while it publishes, the device is still paired with the first
// code it ever showed, and has lost nothing that it accepted.
func TestKilled(t *testing.T) {
	t.Parallel()
	began := time.Now()
	chance := rand.New(rand.NewPCG(8628, kills))
	l := newLab(t, 2*time.Second)
	d := newDevice(l, "", "[queue]\nsync = \"always\"\n")
	d.pair()
	d.Process.Kill()
	l.observer.setLag(chance.Uint64())
	publishers := []*publisher{{topic: "test/a"}, {topic: "test/b"}, {topic: "test/c"}}
	var met tally
	for n := range kills {
		if n%4 == 0 {
			d.stillborn(time.Duration(chance.IntN(60)) * time.Millisecond)
		}
		d.liveAndDie(time.Duration(chance.IntN(400))*time.Millisecond, publishers, &met)
	}
	d.Start()
	d.Await("paired, and everything sent", func(s control.Status) bool { return e2e.Paired(s) && s.Queue.Messages == 0 })
	d.compare(publishers)
	if n := l.count(provider.CodeIssued); n != 1 {
		t.Errorf("the device asked for %d codes", n)
	}
	if n := l.count(provider.Reused); n != 0 {
		t.Errorf("the device sent a retired refresh token %d times", n)
	}
	if s := d.Now(); s.Queue.Dropped != 0 {
		t.Errorf("%d messages were dropped", s.Queue.Dropped)
	}
	if broken, err := filepath.Glob(filepath.Join(d.State, "*.broken-*")); len(broken) > 0 || err != nil {
		t.Errorf("a kill is no damage, and yet %q were set aside (%v)", broken, err)
	}
	if met.refreshing < kills/10 || met.publishing < kills/10 {
		t.Errorf("of %d kills only %d met a refresh and %d a publish: this proves little", kills, met.refreshing, met.publishing)
	}
	t.Logf("%d kills in %.1f s: %d met a refresh, %d a publish; %d refreshes", kills, time.Since(began).Seconds(),
		met.refreshing, met.publishing, l.count(provider.Refreshed))
	d.Stop()
}

// stillborn is a life that is killed while it starts.
func (d *device) stillborn(age time.Duration) {
	d.Helper()
	d.Launch()
	<-time.After(age)
	d.Process.Kill()
}

// liveAndDie is one life: it refreshes and publishes from the start and is killed after a while.
func (d *device) liveAndDie(age time.Duration, publishers []*publisher, met *tally) {
	d.Helper()
	if d.count(provider.Reused) > 0 {
		d.Fatalf("process %d ended the grant: %v", d.Starts(), d.observer.recent())
	}
	d.Start()
	var underway atomic.Int32
	var busy sync.WaitGroup
	for _, p := range publishers {
		busy.Go(func() { p.work(d, &underway) })
	}
	// An error is as good: the daemon may be dead before it answers.
	busy.Go(func() { _, _ = d.Token(d.Context(), "", 0, true) })
	select {
	case <-time.After(age):
	case <-d.Process.Done():
		d.Fatalf("process %d ended by itself", d.Starts())
	}
	if d.observer.refreshing() {
		met.refreshing++
	}
	if underway.Load() > 0 {
		met.publishing++
	}
	d.Process.Kill()
	busy.Wait()
}

// compare waits for all accepted messages and checks each publisher's.
func (d *device) compare(publishers []*publisher) {
	d.Helper()
	for _, p := range publishers {
		if len(p.accepted) < kills {
			d.Fatalf("%s: only %d messages were accepted", p.topic, len(p.accepted))
		}
		final := strconv.Itoa(p.accepted[len(p.accepted)-1])
		d.wait("the last message of "+p.topic, func() bool {
			all := d.arrived["paird/"+deviceID+"/"+p.topic]
			for i := len(all) - 1; i >= 0; i-- {
				if all[i] == final {
					return true
				}
			}
			return false
		})
		arrived := d.received(p.topic)
		if err := p.check(arrived); err != nil {
			d.Error(err)
		}
		d.Logf("%s: %d sent, %d accepted, %d arrived", p.topic, p.sent, len(p.accepted), len(arrived))
	}
}

// What was accepted without a broker waits on the disk. The control: with "group" it need not be there yet, and
// the kill shows it.
func TestKilledOffline(t *testing.T) {
	t.Parallel()
	const messages = 50
	for _, sync := range []string{"always", "group"} {
		l := newLab(t, 10*time.Minute)
		d := newDevice(l, "", fmt.Sprintf("[queue]\nsync = %q\n", sync))
		d.pair()
		d.Stop()
		l.broker.Close()
		d.Start()
		for n := range messages {
			if err := d.Publish(t.Context(), "test/offline", []byte(strconv.Itoa(n))); err != nil {
				t.Fatal(err)
			}
		}
		d.Process.Kill()
		d.Start()
		kept := d.Await("paired", e2e.Paired).Queue.Messages
		if all := kept >= messages; all != (sync == "always") {
			t.Errorf("%s: after the kill %d messages wait, %d were accepted", sync, kept, messages)
		}
	}
}

// The check itself finds a message lost, one out of order and one invented.
func TestCheckFinds(t *testing.T) {
	p := &publisher{topic: "test/a", sent: 4, accepted: []int{1, 2, 4}}
	for _, good := range [][]string{{"1", "2", "4"}, {"1", "2", "1", "2", "3", "4", "3"}} {
		if err := p.check(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range [][]string{{"1", "2"}, {"1", "4", "2"}, {"1", "2", "4", "5"}, {"1", "2", "4", "x"}, nil} {
		if p.check(bad) == nil {
			t.Errorf("%v passes", bad)
		}
	}
}
