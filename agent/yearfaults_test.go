package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/astest"
	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/internal/crashtest"
)

// fault turns a fault on for a while.
func (y *year) fault(fault string, d time.Duration) {
	if y.is(fault) {
		return
	}
	if fault == "full" {
		y.full = time.Now().Add(d)
	}
	y.toggle(fault)
	y.script()
	time.AfterFunc(d, func() {
		if y.is(fault) {
			y.toggle(fault)
			y.script()
		}
	})
}

// script lets the broker do what the faults say.
func (y *year) script() {
	dark := y.is("network")
	y.broker.Script(brokertest.Script{
		Down: dark || y.is("broker"), Silent: dark, ConnackLost: y.is("CONNACK lost"),
		Connack: func(c brokertest.Connect) byte {
			if y.is("unavailable") {
				return 3 // server unavailable
			}
			return y.admit(c.Password)
		},
	})
	if y.is("broker") {
		y.broker.Kick()
	}
}

// admit is a broker that checks the token of a CONNECT: 5 is "not authorized" (MQTT 3.1.1 section 3.2.2.3).
func (y *year) admit(token string) (code byte) {
	y.site.With(func(s *astest.Server, _ []*astest.Issue) {
		s.Use(token)
		if s.Ended(token) != astest.NotEnded {
			code = 5
		}
	})
	return code
}

// incident is something that happens to the device or around it.
func (y *year) incident() {
	y.last.incidents++
	hours := func(n float64) time.Duration { return time.Duration(y.random.ExpFloat64() * n * float64(time.Hour)) }
	switch n := y.random.IntN(100); {
	case n < 14:
		y.fault("network", hours(1))
	case n < 22:
		y.fault("down", hours(1))
	case n < 30:
		y.fault("bad gateway", hours(1))
	case n < 42:
		y.fault("broker", hours(1))
	case n < 46:
		y.fault("unavailable", hours(1))
	case n < 49:
		y.fault("CONNACK lost", hours(0.2))
	case n == 49 && y.ca != nil:
		y.roll(hours(6))
	case n < 52:
		y.broker.Kick()
	case n < 57:
		y.fault("lose", hours(2))
	case n < 60:
		y.fault("hang", hours(0.5))
	case n < 76:
		y.cut(hours(1))
	case n < 82:
		y.terminate(hours(0.1))
	case n < 86:
		y.step()
	case n < 90:
		y.fault("full", hours(1))
	case n < 93:
		y.fault("panel", hours(6))
	case n < 97:
		y.pair("alice")
	case n < 99:
		y.pair("bob")
	default:
		y.remove()
	}
}

// pair is a press, and that account approves.
func (y *year) pair(account string) {
	y.mu.Lock()
	y.account = account
	y.mu.Unlock()
	y.say("press, for %s", account)
	y.life.requestPairing()
}

// remove is the owner who removes the device at the server.
func (y *year) remove() {
	y.say("the owner removes the device")
	y.site.With(func(s *astest.Server, issues []*astest.Issue) {
		if len(issues) > 0 {
			i := issues[len(issues)-1]
			y.revoked[i.Grant] = true
			s.Revoke(i.Refresh)
		}
	})
}

// step steps the wall clock, as a time server does that was found late.
func (y *year) step() {
	d := time.Duration(y.random.Int64N(int64(20*time.Hour))) - 10*time.Hour
	y.say("the clock steps by %v", d.Round(time.Second))
	y.mu.Lock()
	y.stepped += d
	y.mu.Unlock()
}

// terminate is SIGTERM, and a start after a while.
func (y *year) terminate(off time.Duration) {
	y.say("SIGTERM, off for %v", off.Round(time.Second))
	y.last.stops++
	began := time.Now()
	y.end()
	y.life.stop()
	if d := time.Since(began); d > 14*time.Second {
		y.fail("the stop took %v", d)
	}
	y.compareDisk()
	time.Sleep(off)
	y.start(y.life.dir)
}

// compareDisk: the recorded disk is the real one.
func (y *year) compareDisk() {
	for name, data := range y.disk.Now().Files {
		if real, err := os.ReadFile(filepath.Join(y.life.dir, name)); err != nil || string(real) != string(data) {
			y.fail("the recorded %s is not the real one (%v)", name, err)
		}
	}
}

// cut is a power cut, and a start after a while on what the disk has kept.
func (y *year) cut(off time.Duration) {
	y.say("power cut for %v", off.Round(time.Second))
	y.last.cuts++
	synctest.Wait()
	y.publish(y.life, fmt.Sprint("before cut ", y.last.cuts)) // the power goes with the answer
	kept := y.disk.Cut(y.random)
	y.end()
	y.life.cutOff()
	y.broker.Kick()
	y.life.stop()
	time.Sleep(off)
	y.written += y.disk.Written()
	_ = os.RemoveAll(y.life.dir)
	dir := y.newDir()
	y.disk = crashtest.NewDisk(dir, kept.Files)
	if err := kept.WriteTo(dir); err != nil {
		y.t.Fatal(err)
	}
	y.start(dir)
}

func (y *year) newDir() string {
	y.last.dir++
	dir := filepath.Join(y.base, strconv.Itoa(y.last.dir))
	if err := os.Mkdir(dir, 0o700); err != nil {
		y.t.Fatal(err)
	}
	return dir
}

// end notes what an end of a life excuses: a disk that takes nothing loses what was received last.
func (y *year) end() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.excused = y.excused || time.Since(y.full) <= storageRetry
}

// start is a start after a stop: the clock may have been stepped meanwhile, and may not be set for a while.
func (y *year) start(dir string) {
	if y.random.IntN(4) == 0 {
		y.step()
	}
	if y.random.IntN(5) == 0 {
		y.clock.unset.Store(true)
		time.AfterFunc(time.Duration(y.random.Int64N(int64(time.Hour))), func() { y.clock.unset.Store(false) })
	}
	y.boot(dir)
}

// publishHourly publishes numbered messages until ctx ends.
func (y *year) publishHourly(ctx context.Context) {
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(messageEvery):
		}
		y.publish(y.now(), strconv.Itoa(n))
	}
}

// publish publishes a message. It counts as accepted if that was said while there was power.
func (y *year) publish(l *life, text string) {
	y.mu.Lock()
	y.accepted[text] = true // before it can come
	y.mu.Unlock()
	err := l.Publish(context.Background(), "n", []byte(text))
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.count.accepted++; err != nil || l.power.Err() != nil {
		y.count.accepted--
		delete(y.accepted, text)
	}
}
