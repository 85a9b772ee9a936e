package agent

import (
	"bytes"
	"errors"
	"maps"
	"sync"
	"syscall"
	"time"

	"github.com/paird/paird/agent/store"
)

// memStore keeps what a store makes durable, in memory: fast enough for many lives.
type memStore struct {
	mu     sync.Mutex
	disk   disk
	broken bool // it takes nothing
}

// disk is what survives a power cut.
type disk struct {
	grant, previous, answer *store.Grant
	gen                     uint64
	intent, marked          bool
	pending                 []byte
}

var errMem = &store.StorageError{Op: "save", Path: "memory", Err: syscall.EROFS}

// do changes the disk, unless that is broken.
func (s *memStore) do(fn func(*disk)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return errMem
	}
	fn(&s.disk)
	return nil
}

// stored is a grant as it comes back from a disk: without the monotonic clock.
func stored(g store.Grant) *store.Grant {
	g.Expiry, g.Refreshed = g.Expiry.Round(0), g.Refreshed.Round(0)
	g.Claims = maps.Clone(g.Claims)
	return &g
}

func (s *memStore) Load() (st store.State, err error) {
	err = s.do(func(d *disk) { st = store.State{Grant: d.grant, Gen: d.gen, Intent: d.intent, Previous: d.previous} })
	return st, err
}

func (s *memStore) Intend(gen uint64) error {
	known := false
	err := s.do(func(d *disk) { known = d.grant != nil && d.gen == gen; d.intent = d.intent || known })
	if err == nil && !known {
		err = errors.New("no such generation")
	}
	return err
}

func (s *memStore) ClearIntent() error { return s.do(func(d *disk) { d.intent = false }) }

func (s *memStore) Save(g store.Grant) (gen uint64, err error) {
	err = s.do(func(d *disk) {
		d.gen++
		d.previous, d.grant, d.intent, gen = d.grant, stored(g), false, d.gen
		if d.answer != nil && d.answer.Pairing == g.Pairing {
			d.answer = nil
		}
	})
	return gen, err
}

func (s *memStore) Forget() error {
	return s.do(func(d *disk) { d.gen++; d.grant, d.previous, d.intent = nil, nil, false })
}

func (s *memStore) PutAside() error { return s.Erase() }
func (s *memStore) SaveAnswer(g store.Grant) error {
	return s.do(func(d *disk) { d.answer = stored(g) })
}
func (s *memStore) DropAnswer() error { return s.do(func(d *disk) { d.answer = nil }) }

func (s *memStore) Answer() (g store.Grant, ok bool, err error) {
	err = s.do(func(d *disk) {
		if ok = d.answer != nil; ok {
			g = *d.answer
		}
	})
	return g, ok, err
}

func (s *memStore) Pending() (b []byte, err error) {
	err = s.do(func(d *disk) { b = d.pending })
	return b, err
}

func (s *memStore) SavePending(b []byte) error {
	return s.do(func(d *disk) { d.pending = bytes.Clone(b) })
}

func (s *memStore) MarkReset() error { return s.do(func(d *disk) { d.marked = true }) }
func (s *memStore) Erase() error     { return s.do(func(d *disk) { *d = disk{} }) }

func (s *memStore) ResetMarked() (marked bool, err error) {
	err = s.do(func(d *disk) { marked = d.marked })
	return marked, err
}

// cut is the store of the next life: what this one still writes is lost. The clock has been stepped by back.
func (s *memStore) cut(back time.Duration) *memStore {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &memStore{disk: s.disk, broken: s.broken}
	for _, g := range []**store.Grant{&next.disk.grant, &next.disk.answer} {
		if *g == nil {
			continue
		}
		moved := **g
		moved.Refreshed = moved.Refreshed.Add(back)
		if !moved.Expiry.IsZero() {
			moved.Expiry = moved.Expiry.Add(back)
		}
		*g = &moved
	}
	return next
}
