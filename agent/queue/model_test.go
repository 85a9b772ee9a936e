package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
)

// item is a record as the model knows it.
type item struct {
	seq      uint64
	id, size int
	at       time.Time
	flying   bool
}

const maxSize = 410 // of a record

// A model is the queue as it is meant: a list. It runs beside a real queue and compares.
type model struct {
	t    *testing.T
	rand *rand.Rand
	o    Options
	q    *Queue

	ids      int
	items    []item            // not acknowledged, in order
	acked    map[int]time.Time // by id
	dropped  map[uint64]item   // by seq
	excused  map[int]bool      // ids that a crash took
	flying   []uint64          // seqs given since the last Rewind and not settled, gaps too
	gaps     map[uint64][]gap  // in flight, by seq
	reported []gap             // acknowledged
	last     uint64            // seq given last since the last Rewind
	crashes  int
	broken   atomic.Bool // the disk refuses
	healthy  time.Time   // since when it does not
}

func newModel(t *testing.T, seed uint64, o Options) *model {
	m := &model{
		t: t, rand: rand.New(rand.NewPCG(seed, 0)), o: o, acked: map[int]time.Time{}, dropped: map[uint64]item{}, excused: map[int]bool{},
		gaps: map[uint64][]gap{}, healthy: time.Now(),
	}
	m.o.Dir = crashtest.Dir(t)
	m.o.Tap = func(op statedir.Op) error {
		if m.broken.Load() && op.Kind.Changes() {
			return syscall.ENOSPC
		}
		return nil
	}
	m.start()
	t.Cleanup(func() { m.q.Close() })
	return m
}

func (m *model) start() {
	q, err := Open(m.o)
	if err != nil {
		m.t.Fatal(err)
	}
	m.q = q
}

func (m *model) total() (n int64) {
	for _, it := range m.items {
		n += int64(it.size)
	}
	return n
}

func (m *model) put() {
	payload := fmt.Sprintf("%d ", m.ids) + strings.Repeat("x", m.rand.IntN(400)) // see maxSize
	m.q.mu.Lock()
	it := item{seq: m.q.next, id: m.ids, size: len(payload) + 1, at: time.Now()}
	m.q.mu.Unlock()
	if err := m.q.Put("t", []byte(payload)); err != nil {
		if _, ok := errors.AsType[*StorageError](err); ok && m.broken.Load() && m.o.Sync == Always {
			return
		}
		m.t.Fatal(err)
	}
	m.ids++
	m.items = append(m.items, it)
	for m.total() > m.o.MaxBytes {
		i := max(0, slices.IndexFunc(m.items, func(it item) bool { return !it.flying }))
		m.drop(i)
	}
}

func (m *model) drop(i int) {
	m.dropped[m.items[i].seq] = m.items[i]
	m.flying = slices.DeleteFunc(m.flying, func(seq uint64) bool { return seq == m.items[i].seq })
	m.items = slices.Delete(m.items, i, i+1)
}

// next takes one record, if there is one to take.
func (m *model) next() bool {
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Millisecond)
	defer cancel()
	seq, topic, payload, err := m.q.Next(ctx)
	if err != nil {
		return false
	}
	m.flying = append(m.flying, seq)
	if topic == gapTopic {
		m.gap(seq, payload)
		return true
	}
	if seq <= m.last {
		m.t.Fatalf("seq %d after %d", seq, m.last)
	}
	m.last = seq
	i := slices.IndexFunc(m.items, func(it item) bool { return !it.flying })
	if i < 0 || m.items[i].seq != seq || !strings.HasPrefix(string(payload), fmt.Sprintf("%d ", m.items[i].id)) || len(payload)+1 != m.items[i].size {
		m.t.Fatalf("got seq %d %.20q, want item %d of %+v", seq, payload, i, m.items)
	}
	m.items[i].flying = true
	return true
}

func (m *model) gap(seq uint64, payload []byte) {
	var g struct {
		Type    string
		Dropped uint64
		From    uint64 `json:"from_seq"`
		To      uint64 `json:"to_seq"`
	}
	if err := json.Unmarshal(payload, &g); err != nil || g.Type != "gap" || g.To != seq {
		m.t.Fatalf("gap %d: %s: %v", seq, payload, err)
	}
	n := uint64(0)
	for s := range m.dropped {
		if g.From <= s && s <= g.To {
			n++
		}
	}
	if m.crashes == 0 && g.Dropped > n {
		m.t.Fatalf("gap %s, but only %d were dropped there", payload, n)
	}
	if i := slices.IndexFunc(m.items, func(it item) bool { return !it.flying }); i >= 0 && m.items[i].seq < seq {
		m.t.Fatalf("gap %s comes before record %d", payload, m.items[i].seq)
	}
	m.gaps[seq] = append(m.gaps[seq], gap{From: g.From, To: g.To, N: g.Dropped, kept: m.q.Storage() == nil})
}

// settle acknowledges, or sets aside, one record in flight.
func (m *model) settle(aside bool) {
	if len(m.flying) == 0 {
		return
	}
	k := m.rand.IntN(min(3, len(m.flying)))
	seq := m.flying[k]
	settle := m.q.Ack
	if aside {
		settle = m.q.SetAside
	}
	if err := settle(seq); err != nil {
		m.t.Fatal(err)
	}
	if gs := m.gaps[seq]; gs != nil {
		m.reported = append(m.reported, gs...)
		m.flying = slices.Delete(m.flying, k, k+1)
		return
	}
	i := slices.IndexFunc(m.items, func(it item) bool { return it.seq == seq })
	if aside {
		m.drop(i)
		return
	}
	m.acked[m.items[i].id] = time.Now()
	m.flying = slices.Delete(m.flying, k, k+1)
	m.items = slices.Delete(m.items, i, i+1)
}

func (m *model) rewind() {
	m.flying, m.last = nil, 0
	clear(m.gaps)
	for i := range m.items {
		m.items[i].flying = false
	}
}

func (m *model) check() {
	s := m.q.Stats()
	if s.Messages != len(m.items) || s.Bytes != m.total() || m.crashes == 0 && s.Dropped != uint64(len(m.dropped)) {
		m.t.Fatalf("%+v, want %d messages, %d bytes, %d dropped", s, len(m.items), m.total(), len(m.dropped))
	}
	if s.Bytes > m.o.MaxBytes {
		m.t.Fatalf("%d bytes of %d", s.Bytes, m.o.MaxBytes)
	}
}

// crash ends the queue without Close, starts it again, and finds out what is left: all that was
// accepted five seconds ago must be there, or have been dropped and counted.
func (m *model) crash() {
	now, counted := time.Now(), m.q.Stats().Dropped
	m.q.abandon()
	m.crashes++
	m.start()
	before := map[int]item{}
	for _, it := range m.items {
		before[it.id] = it
	}
	m.items = nil
	m.rewind()
	for {
		ctx, cancel := context.WithTimeout(m.t.Context(), time.Millisecond)
		seq, topic, payload, err := m.q.Next(ctx)
		cancel()
		if err != nil {
			break
		}
		if topic == gapTopic {
			continue
		}
		var id int
		if _, err := fmt.Sscanf(string(payload), "%d ", &id); err != nil {
			m.t.Fatal(err)
		}
		if len(m.items) > 0 && m.items[len(m.items)-1].id >= id {
			m.t.Fatalf("record %d after %d", id, m.items[len(m.items)-1].id)
		}
		if slices.ContainsFunc(m.reported, func(g gap) bool { return g.To == seq && g.kept }) {
			m.t.Fatalf("record %d comes back as seq %d, under which a gap was sent", id, seq)
		}
		delete(m.dropped, seq)
		m.items = append(m.items, item{seq: seq, id: id, size: len(payload) + 1, at: now})
		delete(before, id)
	}
	m.lost(now, counted, before)
	m.q.Rewind()
}

// lost checks what is missing after a crash: what was accepted lately, or was dropped. What was dropped
// or acknowledged and came back may have pushed out others when the queue was opened.
func (m *model) lost(now time.Time, counted uint64, before map[int]item) {
	missing := 0
	for id, it := range before {
		if m.acked[id].IsZero() && !m.excusable(now, it) {
			missing++
		}
		m.dropped[it.seq] = it
	}
	if missing > 0 && m.total()+maxSize <= m.o.MaxBytes {
		m.t.Fatalf("%d records are lost, and the queue had room for them: %+v", missing, before)
	}
	back := 0
	for _, at := range m.acked {
		if now.Sub(at) < 5*time.Second || now.Sub(m.healthy) <= 2*retryLast {
			back++
		}
	}
	if s := m.q.Stats(); s.Dropped > counted+uint64(len(before)+back) {
		m.t.Fatalf("%d dropped, %d were before; %d are missing, %d may have come back", s.Dropped, counted, len(before), back)
	}
	for _, it := range m.dropped {
		if m.excusable(now, it) {
			m.excused[it.id] = true
		}
	}
}

// excusable reports whether a crash now may have taken the record with it.
func (m *model) excusable(now time.Time, it item) bool {
	return now.Sub(it.at) < 5*time.Second || now.Sub(m.healthy) <= 2*retryLast
}

func (m *model) restart() {
	if err := m.q.Close(); err != nil {
		m.t.Fatal(err)
	}
	m.rewind()
	m.start()
	if s := m.q.Stats(); m.crashes == 0 && s.Dropped != uint64(len(m.dropped)) {
		m.t.Fatalf("%+v after a restart, want %d dropped", s, len(m.dropped))
	}
}

func (m *model) step() {
	switch r := m.rand.IntN(100); {
	case r < 35:
		for range 1 + m.rand.IntN(5) {
			m.put()
		}
	case r < 55:
		for range 1 + m.rand.IntN(5) {
			m.next()
		}
	case r < 75:
		for range 1 + m.rand.IntN(5) {
			m.settle(false)
		}
	case r < 77:
		m.settle(true)
	case r < 81:
		m.q.Rewind()
		m.rewind()
	case r < 85:
		m.q.Online(m.rand.IntN(2) == 0)
	case r < 93:
		time.Sleep(time.Duration(m.rand.IntN(6000)) * time.Millisecond)
	case r < 95 && m.o.MaxAge == 0:
		time.Sleep(time.Duration(m.rand.IntN(300)) * time.Second)
	case r < 97:
		if m.broken.Load() {
			m.broken.Store(false)
			m.healthy = time.Now()
		} else if m.rand.IntN(4) == 0 {
			m.broken.Store(true)
		}
	case m.broken.Load():
	case r < 98:
		time.Sleep(retryLast)
		m.restart()
	case r < 99:
		m.crash()
	}
}

// finish takes everything that is left: it is all there, and each drop has been reported.
func (m *model) finish() {
	m.broken.Store(false)
	time.Sleep(2 * retryLast)
	m.q.Rewind()
	m.rewind()
	for len(m.items) > 0 || m.next() {
		for m.next() && len(m.flying) < 20 {
		}
		for len(m.flying) > 0 {
			m.settle(false)
		}
		m.check()
	}
	undelivered := 0
	for id := range m.ids {
		if m.acked[id].IsZero() && !m.excused[id] {
			undelivered++
		}
	}
	if s := m.q.Stats(); s.Dropped < uint64(undelivered) {
		m.t.Errorf("%d records were not delivered, %d are counted", undelivered, s.Dropped)
	}
	reported := 0
	for _, g := range m.reported {
		reported += int(g.N)
	}
	if m.crashes == 0 && reported != len(m.dropped) {
		m.t.Errorf("gaps report %d, %d were dropped: %+v", reported, len(m.dropped), m.reported)
	}
	for seq := range m.dropped {
		if m.crashes == 0 && !slices.ContainsFunc(m.reported, func(g gap) bool { return g.From <= seq && seq <= g.To }) {
			m.t.Errorf("the loss of %d was not reported: %+v", seq, m.reported)
		}
	}
	if err := m.q.Close(); err != nil {
		m.t.Fatal(err)
	}
}

func TestAgainstModel(t *testing.T) {
	t.Parallel()
	for _, sync := range []string{Group, Always} {
		for seed := range uint64(crashtest.States(t) / 125) {
			t.Run(fmt.Sprintf("%s/%d", sync, seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					m := newModel(t, seed, Options{Sync: sync, MaxBytes: 20000})
					for range 250 {
						m.step()
						m.check()
					}
					m.finish()
				})
			})
		}
	}
}
