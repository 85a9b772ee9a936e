package telemetry

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/brokertest"
)

// fakeInbox has room for some messages.
type fakeInbox struct {
	mu    sync.Mutex
	room  int
	kept  []string
	tries int
	slow  time.Duration
}

func (i *fakeInbox) Put(topic string, payload []byte) (uint64, error) {
	i.mu.Lock()
	slow := i.slow
	i.mu.Unlock()
	time.Sleep(slow)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tries++
	if len(i.kept) >= i.room {
		return 0, errors.New("the inbox is full")
	}
	i.kept = append(i.kept, topic+"="+string(payload))
	return uint64(len(i.kept)), nil
}

func (i *fakeInbox) all() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.kept)
}

// grow gives it more room, with a time for each message from now on.
func (i *fakeInbox) grow(room int, slow time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.room, i.slow = room, slow
}

func withInbox(t *testing.T, room int, change ...func(*Options)) (*bench, *fakeInbox) {
	box := &fakeInbox{room: room}
	return newBench(t, func(o *Options) {
		o.Inbox = box
		for _, c := range change {
			c(o)
		}
	}), box
}

// job is a message for the programs of this board.
func job(n int) brokertest.Message {
	return brokertest.Message{Topic: "paird/dev1/in/print", Payload: fmt.Sprint(n), QoS: 1}
}

func jobs(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, fmt.Sprint("print=", n))
	}
	return all
}

// The broker keeps the session over swaps and losses: what was sent meanwhile comes, in order.
func TestInboxOverSwapsAndLosses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := withInbox(t, 1000, func(o *Options) { o.Commands, o.HomeAssistant = []string{"identify"}, "homeassistant" })
		n := 0
		send := func() {
			for range 5 {
				b.broker.Publish(job(n))
				time.Sleep(time.Second) // mochi sends those of one second again in any order
				n++
			}
		}
		for round := range 4 {
			s := b.serve(t, token)
			<-s.online
			send()
			synctest.Wait()
			if round%2 == 0 {
				s.stop(ErrSwap)
			} else {
				b.broker.Kick()
				failure(t, <-s.result)
			}
			synctest.Wait()
			send()
		}
		s := b.serve(t, token)
		<-s.online
		synctest.Wait()
		if got := box.all(); !slices.Equal(got, jobs(0, n)) {
			t.Errorf("got %q", got)
		}
		if waiting := b.broker.Waiting("dev1"); waiting != 0 {
			t.Errorf("%d messages have no PUBACK", waiting)
		}
		for _, c := range b.broker.Connects() {
			if c.Clean {
				t.Error("a clean session")
			}
		}
		s.stop(nil)
	})
}

// A PUBACK follows the durable message, never before.
func TestPubackOnlyWhenDurable(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := withInbox(t, 10)
		box.slow = time.Second
		s := b.serve(t, token)
		<-s.online
		b.broker.Publish(job(0))
		time.Sleep(time.Second / 2)
		if b.broker.Waiting("dev1") != 1 {
			t.Error("acknowledged before it was durable")
		}
		time.Sleep(time.Second)
		if b.broker.Waiting("dev1") != 0 || len(box.all()) != 1 {
			t.Errorf("%d wait, kept %q", b.broker.Waiting("dev1"), box.all())
		}
		s.stop(nil)
	})
}

// A full inbox sends no PUBACK and asks seldom; telemetry goes on. With room again all comes in order: what
// found no place in memory, and what is sent while the inbox still catches up.
func TestFullInbox(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := withInbox(t, 10)
		s := b.serve(t, token)
		<-s.online
		const full, all = 10 + inboundSize + 30, 10 + inboundSize + 50
		send := func(from, to int) {
			for n := from; n < to; n++ {
				b.broker.Publish(job(n))
				time.Sleep(time.Second) // mochi sends those of one second again in any order
			}
		}
		send(0, full)
		b.queue.Put("n", []byte("x"))
		time.Sleep(time.Hour)
		if kept, waiting := len(box.all()), b.broker.Waiting("dev1"); kept != 10 || waiting != full-10 {
			t.Errorf("%d are kept, %d wait at the broker", kept, waiting)
		}
		if box.tries > 100 {
			t.Errorf("%d tries in an hour", box.tries)
		}
		if b.queue.waiting() != 0 || len(b.broker.Connects()) != 1 {
			t.Errorf("%d records wait, %d CONNECTs", b.queue.waiting(), len(b.broker.Connects()))
		}
		box.grow(1000, 2*time.Second)
		send(full, all)
		time.Sleep(5 * time.Minute)
		if got := box.all(); !slices.Equal(got, jobs(0, all)) {
			t.Errorf("%d of %d came: %q", len(got), all, got)
		}
		if n := len(b.broker.Connects()); n < 2 || n > 3 || b.broker.Waiting("dev1") != 0 {
			t.Errorf("%d CONNECTs, %d without PUBACK", n, b.broker.Waiting("dev1"))
		}
		if _, wills := b.broker.Ends(); wills != 0 {
			t.Error("the reconnect published the will")
		}
		s.stop(nil)
	})
}

// What is too large for the inbox is acknowledged, counted and reported, and stops nothing.
func TestLargeMessagesForTheInbox(t *testing.T) {
	bubble(t, func(t *testing.T) {
		events := &emitted{}
		b, box := withInbox(t, 100, func(o *Options) { o.Emit = events.emit })
		s := b.serve(t, token)
		<-s.online
		for i, size := range []int{maxMessage, maxMessage + 1, maxMessage + 2, maxInbound + 1} {
			m := job(i)
			m.Payload = strings.Repeat("x", size)
			b.broker.Publish(m)
			time.Sleep(time.Second)
		}
		b.broker.Publish(job(9))
		synctest.Wait()
		if got := box.all(); len(got) != 2 || got[1] != "print=9" || b.broker.Waiting("dev1") != 0 {
			t.Errorf("%d are kept, %d wait", len(got), b.broker.Waiting("dev1"))
		}
		if b.Oversized() != 3 {
			t.Errorf("%d counted", b.Oversized())
		}
		if got := events.all(); !slices.Equal(got, []string{fmt.Sprintf("oversized map[bytes:%d topic:paird/dev1/in/print]", maxMessage+1)}) {
			t.Errorf("reported %q", got)
		}
		s.stop(nil)
	})
}

// Another account does not get what the broker keeps for the one before; a reset leaves nothing there.
func TestSessionOfAnotherAccountIsDiscarded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, box := withInbox(t, 100)
		s := b.serve(t, token)
		<-s.online
		s.stop(nil)
		b.broker.Publish(job(1))
		other := token
		other.NewAccount = true
		s = b.serve(t, other)
		<-s.online
		b.broker.Publish(job(2))
		synctest.Wait()
		if got := box.all(); !slices.Equal(got, jobs(2, 3)) {
			t.Errorf("the new account got %q", got)
		}
		s.stop(ErrForget)
		synctest.Wait()
		if got := b.broker.Subscriptions("dev1"); len(got) != 0 {
			t.Errorf("after a reset the broker keeps %v", got)
		}
		b.broker.Publish(job(3))
		if _, wills := b.broker.Ends(); wills != 0 || b.broker.Waiting("dev1") != 0 {
			t.Errorf("%d wills, %d messages are kept", wills, b.broker.Waiting("dev1"))
		}
	})
}

// A command for a device that is away is not done hours later, while messages for the inbox are kept.
func TestCommandsAreNotKept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		done := 0
		b, box := withInbox(t, 100, func(o *Options) { o.Commands, o.Identify = []string{"identify"}, func() { done++ } })
		s := b.serve(t, token)
		<-s.online
		if got, want := b.broker.Subscriptions("dev1"), map[string]byte{"paird/dev1/in/#": 1, "paird/dev1/cmd": 0}; !maps.Equal(got, want) {
			t.Errorf("subscribed to %v, want %v", got, want)
		}
		s.stop(nil)
		b.broker.Publish(brokertest.Message{Topic: "paird/dev1/cmd", QoS: 1, Payload: `{"command":"identify"}`})
		b.broker.Publish(job(0))
		time.Sleep(time.Hour)
		s = b.serve(t, token)
		<-s.online
		synctest.Wait()
		if done != 0 || len(box.all()) != 1 {
			t.Errorf("identified %d times, kept %q", done, box.all())
		}
		s.stop(nil)
	})
}

// paho completes no token of a lost connection whose session is kept: nothing may wait for one.
func TestLossWhileTheSessionIsKept(t *testing.T) {
	for name, script := range map[string]brokertest.Script{
		"birth":        {Publish: func(brokertest.Message) brokertest.Verdict { return brokertest.Close }},
		"subscription": {Subscribe: func(string) (byte, bool) { return 0, true }},
		"record": {Publish: func(m brokertest.Message) brokertest.Verdict {
			if strings.HasSuffix(m.Topic, "/n") {
				return brokertest.Close
			}
			return brokertest.Accept
		}},
	} {
		bubble(t, func(t *testing.T) {
			b, _ := withInbox(t, 10)
			b.queue.Put("n", []byte("x"))
			b.broker.Script(script)
			at := time.Now()
			if e := failure(t, b.Serve(t.Context(), token, func() {})); e.Kind != Broker || time.Since(at) > time.Second {
				t.Errorf("%s: %v after %v", name, e, time.Since(at))
			}
		})
	}
}
