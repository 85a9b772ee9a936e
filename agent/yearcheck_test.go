package agent

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/astest"
)

// usage is what must not grow.
type usage struct{ goroutines, descriptors int }

// event looks at each event of the device. An un-pairing: was it the server's doing? A pairing by another account drops
// what was queued under the one before.
func (y *year) event(event []byte) {
	switch text := string(event); {
	case strings.Contains(text, `"type":"unpaired"`):
		y.say("%s", text)
		y.unpairedBy()
	case strings.Contains(text, `"type":"paired"`):
		y.say("%s", text)
		y.collect()
		y.mu.Lock()
		defer y.mu.Unlock()
		if !strings.Contains(text, y.paired) {
			y.count.purged += len(y.accepted)
			clear(y.accepted)
		}
		y.ended = false
		y.paired = `"subject":"` + y.account + `"`
	}
}

// unpairedBy fails the year unless the server caused it: the owner has removed the device, or its last response was lost.
func (y *year) unpairedBy() {
	y.site.With(func(s *astest.Server, issues []*astest.Issue) {
		y.mu.Lock()
		defer y.mu.Unlock()
		y.unpaired++
		y.ended = true
		last := issues[len(issues)-1]
		if !y.revoked[last.Grant] && !y.excused && !last.Delivered.IsZero() {
			y.story = append(y.story, fmt.Sprintf("FAILED: un-paired, and the server did not cause it: %q", s.Ended(last.Refresh)))
		}
	})
}

// collect takes what has come to the broker off what was accepted.
func (y *year) collect() {
	y.mu.Lock()
	defer y.mu.Unlock()
	for _, m := range y.broker.Since(y.seen) {
		y.seen++
		if m.Topic != "paird/dev/n" {
			continue
		}
		if y.accepted[m.Payload] {
			delete(y.accepted, m.Payload)
			y.count.came++
		} else {
			y.count.again++
		}
	}
}

// look looks at the device: without an un-pairing that was reported it is not un-paired, and with an empty queue all that
// was accepted has come.
func (y *year) look() {
	synctest.Wait()
	s := y.life.Status()
	if s.State == control.StateUnpaired && !y.isEnded() {
		y.fail("un-paired without an event")
	}
	if s.Queue.Messages > 0 {
		return
	}
	y.collect()
	y.mu.Lock()
	lost := slices.Sorted(maps.Keys(y.accepted))
	y.mu.Unlock()
	if len(lost) > 0 {
		y.fail("accepted and never came: %v", lost)
	}
}

func (y *year) isEnded() bool {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.ended
}

// settle ends all faults and waits until the device is well.
func (y *year) settle() {
	y.mu.Lock()
	clear(y.faults)
	y.mu.Unlock()
	y.script()
	y.clock.unset.Store(false)
	y.say("all is well again")
	time.Sleep(90 * time.Minute)
	if y.life.Status().State != control.StatePaired {
		y.pair("alice")
		time.Sleep(30 * time.Minute)
	}
	time.Sleep(7 * time.Minute) // no sample is on its way
	synctest.Wait()
	y.mu.Lock()
	y.excused = false
	y.mu.Unlock()
	s := y.life.Status()
	if s.State != control.StatePaired || s.Problem != nil || s.Broker.State != control.BrokerOnline || s.Queue.Messages > 0 {
		y.fail("state %s, problems %+v, broker %+v, queue %+v", s.State, s.Problems, s.Broker, s.Queue)
	}
}

// check is a look at a device that is well: nothing is lost and nothing grows.
func (y *year) check() {
	y.settle()
	y.look()
	now := usage{goroutines(), y.descriptors()}
	if y.first == (usage{}) {
		y.first = now
	}
	y.say("%+v", now)
	if now.goroutines > y.first.goroutines+5 || now.descriptors > y.first.descriptors {
		y.fail("%+v, at first %+v", now, y.first)
	}
}

// goroutines counts those of this bubble.
func goroutines() int {
	own := make([]byte, 100)
	_, bubble, _ := strings.Cut(string(own[:runtime.Stack(own, false)]), "synctest bubble ")
	bubble, _, _ = strings.Cut(bubble, "]")
	all := make([]byte, 4<<20)
	return strings.Count(string(all[:runtime.Stack(all, true)]), "synctest bubble "+bubble+"]")
}

// descriptors counts the open files of this device.
func (y *year) descriptors() (n int) {
	links, _ := filepath.Glob("/proc/self/fd/*")
	for _, link := range links {
		if path, err := os.Readlink(link); err == nil && strings.HasPrefix(path, y.base) {
			n++
		}
	}
	return n
}

var errYear = errors.New("the year failed")

func (y *year) fail(format string, args ...any) {
	y.say("FAILED: "+format, args...)
	panic(errYear)
}

// stopIfFailed ends the year where an event has failed it.
func (y *year) stopIfFailed() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if strings.Contains(y.story[len(y.story)-1], "FAILED") {
		panic(errYear)
	}
}
