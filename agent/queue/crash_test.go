package queue

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

// A promise is what holds from a moment on, whatever happens to the power.
type promise struct {
	kept  []string // records that are there
	gone  []string // records that are not
	next  uint64   // the least seq that may be given away
	lost  uint64   // the least Dropped
	owner string
}

const testSegment = 8 * seglog.BlockSize

// A work is a life of a queue under recording.
type work struct {
	t        *testing.T
	rand     *rand.Rand
	rec      *crashtest.Recorder
	o        Options
	q        *Queue
	ids      int
	now      promise // true once the disk has caught up
	promises []promise
}

// recordWork runs n steps and returns what reached the disk and what was promised when.
func recordWork(t *testing.T, seed uint64, n int) (*crashtest.Recorder, []promise) {
	dir := crashtest.Dir(t)
	w := &work{t: t, rand: rand.New(rand.NewPCG(seed, 7)), rec: crashtest.New(dir)}
	w.o = Options{Dir: dir, Sync: Always, segment: testSegment, Tap: w.rec.Tap}
	synctest.Test(t, func(t *testing.T) {
		w.t = t
		w.start()
		for range n {
			w.step()
		}
		w.q.Close()
	})
	return w.rec, w.promises
}

func (w *work) start() {
	q, err := Open(w.o)
	if err != nil || q.Storage() != nil {
		w.t.Fatal(err, q.Storage())
	}
	w.q = q
	w.mark()
}

// mark makes the promise that what holds now survives.
func (w *work) mark() {
	w.q.mu.Lock()
	w.now.next = w.q.next
	w.q.mu.Unlock()
	p := w.now
	p.kept, p.gone = slices.Clone(p.kept), slices.Clone(p.gone)
	w.promises = append(w.promises, p)
	w.rec.Mark(len(w.promises) - 1)
}

func (w *work) step() {
	switch r := w.rand.IntN(20); {
	case r < 10:
		w.put()
	case r < 15:
		w.take(1 + w.rand.IntN(5))
	case r < 17:
		time.Sleep(5 * time.Second)
		w.mark()
	case r < 18:
		w.now.owner = "alice"
		if _, err := w.q.Bind("alice"); err != nil {
			w.t.Fatal(err)
		}
		w.mark()
	case r < 19:
		if err := w.q.Close(); err != nil {
			w.t.Fatal(err)
		}
		w.start()
	default:
		if err := w.q.Flush(); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *work) put() {
	id := fmt.Sprintf("%d %0*d", w.ids, 1+w.rand.IntN(3000), 0)
	w.ids++
	if err := w.q.Put("t", []byte(id)); err != nil {
		w.t.Fatal(err)
	}
	w.now.kept = append(w.now.kept, id)
	w.mark()
}

// take acknowledges some records, and sets one aside now and then. The promise to keep them ends at
// once, that they stay away begins after five seconds.
func (w *work) take(n int) {
	var gone []string
	lost := uint64(0)
	for range min(n, len(w.now.kept)) {
		seq, topic, payload := next(w.t, w.q)
		if topic == gapTopic {
			w.q.Ack(seq)
			continue
		}
		i := slices.Index(w.now.kept, payload)
		w.now.kept = slices.Delete(w.now.kept, i, i+1)
		w.mark()
		gone = append(gone, payload)
		if w.rand.IntN(5) == 0 {
			w.q.SetAside(seq)
			lost++
		} else {
			w.q.Ack(seq)
		}
	}
	time.Sleep(5 * time.Second)
	w.now.gone, w.now.lost = append(w.now.gone, gone...), w.now.lost+lost
	w.mark()
}

// honours is the oracle.
func honours(promises []promise) func(string, crashtest.State) error {
	return func(dir string, s crashtest.State) error {
		q, err := Open(Options{Dir: dir, segment: testSegment})
		if err != nil {
			return err
		}
		defer q.Close()
		if err := q.Storage(); err != nil || q.Quarantined() != "" {
			return fmt.Errorf("%v, quarantined", err)
		}
		if s.Mark < 0 {
			return nil
		}
		if err := promises[s.Mark].check(q); err != nil {
			return err
		}
		if err := q.Put("t", []byte("more")); err != nil {
			return err
		}
		return q.Flush()
	}
}

func (p promise) check(q *Queue) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.next < p.next || q.dropped < p.lost || q.owner != p.owner && p.owner != "" {
		return fmt.Errorf("next %d, dropped %d, owner %q; want %d, %d, %q", q.next, q.dropped, q.owner, p.next, p.lost, p.owner)
	}
	var all []string
	messages := q.messages()
	for e := q.first(); e != nil; e = q.first() {
		all = append(all, string(e.Payload))
		q.give(e)
	}
	if messages != len(all) || q.messages() != len(all) {
		return fmt.Errorf("%d messages counted, then %d; %d found", messages, q.messages(), len(all))
	}
	i := 0
	for _, id := range all {
		if slices.Contains(p.gone, id) {
			return fmt.Errorf("%.9q is back", id)
		}
		if i < len(p.kept) && p.kept[i] == id {
			i++
		}
	}
	if i < len(p.kept) {
		return fmt.Errorf("%.9q is lost, or not in its place", p.kept[i])
	}
	return nil
}

func TestPromisesSurvivePowerCuts(t *testing.T) {
	t.Parallel()
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // the states are garbage as soon as they are checked
	crashtest.CheckLives(t, crashtest.States(t), 2000, func(seed uint64) ([]statedir.Op, func(string, crashtest.State) error) {
		rec, promises := recordWork(t, seed, 60)
		return rec.Ops(), honours(promises)
	})
}

// Without the flushes the same check has to fail, or it would check nothing.
func TestPromisesWithoutFlushAreCaught(t *testing.T) {
	t.Parallel()
	for name, ignored := range map[string]func(statedir.Op) bool{
		"new segments": func(op statedir.Op) bool { return op.Kind == statedir.Sync && op.Path == "queue.new" },
		"segments":     func(op statedir.Op) bool { return op.Kind == statedir.Sync && op.Path != "queue.new" },
		"the folder":   func(op statedir.Op) bool { return op.Kind == statedir.SyncDir },
	} {
		rec, promises := recordWork(t, 1, 60)
		o := crashtest.Options{Seed: 1, Limit: 150, Ignore: ignored}
		crashtest.Breaks(t, "no flush of "+name, rec.Ops(), o, honours(promises))
	}
}
