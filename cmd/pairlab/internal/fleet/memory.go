package fleet

import (
	"bytes"
	"errors"
	"sync"

	"github.com/paird/paird/agent/store"
)

// memory is a device's store without a disk, so that ten thousand of them fit into one process. It outlives the agent, as a
// disk outlives a power cut. No two methods run at once.
type memory struct {
	mu sync.Mutex

	grant, previous, answer *store.Grant
	gen                     uint64
	intent, marked          bool
	pending                 []byte
}

func (m *memory) do(fn func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
	return nil
}

func (m *memory) Load() (st store.State, err error) {
	err = m.do(func() { st = store.State{Grant: m.grant, Gen: m.gen, Intent: m.intent, Previous: m.previous} })
	return st, err
}

var errGeneration = errors.New("no such generation")

func (m *memory) Intend(gen uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grant == nil || m.gen != gen {
		return errGeneration
	}
	m.intent = true
	return nil
}

func (m *memory) Save(g store.Grant) (gen uint64, err error) {
	err = m.do(func() {
		m.gen++
		m.previous, m.grant, m.intent, gen = m.grant, &g, false, m.gen
		if m.answer != nil && m.answer.Pairing == g.Pairing {
			m.answer = nil
		}
	})
	return gen, err
}

func (m *memory) Answer() (g store.Grant, ok bool, err error) {
	err = m.do(func() {
		if ok = m.answer != nil; ok {
			g = *m.answer
		}
	})
	return g, ok, err
}

func (m *memory) Pending() (b []byte, err error) {
	err = m.do(func() { b = m.pending })
	return b, err
}

func (m *memory) ResetMarked() (marked bool, err error) {
	err = m.do(func() { marked = m.marked })
	return marked, err
}

// expire lets the access token have ended while the power was away.
func (m *memory) expire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.grant != nil && !m.grant.Expiry.IsZero() {
		g := *m.grant
		g.Expiry, g.Refreshed = g.Expiry.Add(-2*g.Lifetime).Round(0), g.Refreshed.Add(-2*g.Lifetime).Round(0)
		m.grant = &g
	}
}

func (m *memory) Forget() error {
	return m.do(func() { m.gen++; m.grant, m.previous, m.intent = nil, nil, false })
}

func (m *memory) Erase() error {
	return m.do(func() {
		m.grant, m.previous, m.answer, m.gen, m.intent, m.marked, m.pending = nil, nil, nil, 0, false, false, nil
	})
}

func (m *memory) SaveAnswer(g store.Grant) error { return m.do(func() { m.answer = &g }) }
func (m *memory) DropAnswer() error              { return m.do(func() { m.answer = nil }) }
func (m *memory) ClearIntent() error             { return m.do(func() { m.intent = false }) }
func (m *memory) MarkReset() error               { return m.do(func() { m.marked = true }) }
func (m *memory) PutAside() error                { return m.Erase() }
func (m *memory) SavePending(b []byte) error     { return m.do(func() { m.pending = bytes.Clone(b) }) }
