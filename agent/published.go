package agent

import (
	"errors"
	"sync"

	"github.com/paird/paird/agent/store"
)

var (
	errNotPaired = errors.New("this device is not paired: press its button, or run paird pair")
	errSealed    = errors.New("the stored grant cannot be unsealed: see problem storage, or pair again")
)

// published is what the other loops may know of the grant. Only the keeper's loop changes it, so that loop alone reads the
// fields without the lock.
type published struct {
	mu      sync.Mutex
	pub     store.Grant
	gen     uint64 // counts what was published; 0: no grant
	changed chan struct{}
	sealed  bool   // a grant is there and cannot be unsealed
	adopted string // the Pairing of the last grant adopted in this life
}

// current is the published grant: durable, bound to this configuration, perhaps with an expired
// access token. gen is 0 where there is none; changed is closed when that is no longer the answer.
func (p *published) current() (g store.Grant, gen uint64, changed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pub, p.gen, p.changed
}

// isNew reports whether g came from a pairing in this life of the daemon.
func (p *published) isNew(g store.Grant) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.adopted != "" && p.adopted == g.Pairing
}

// isSealed reports a grant that is there and cannot be unsealed.
func (p *published) isSealed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sealed
}

// holdsGrant reports whether this device has a grant, published or not.
func (p *published) holdsGrant() bool {
	_, gen, _ := p.current()
	return gen != 0 || p.isSealed()
}

// absent is the error that says why no grant is published.
func (p *published) absent() error {
	if p.isSealed() {
		return errSealed
	}
	return errNotPaired
}

// set publishes a grant as generation gen, 0 for none. The caller closes the channel, which wakes the readers.
func (p *published) set(g store.Grant, gen uint64) (changed chan<- struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed = p.changed
	p.pub, p.gen, p.changed = g, gen, make(chan struct{})
	return changed
}

// rotated publishes g under the same generation: its access token is the same, and no session changes for it.
func (p *published) rotated(g store.Grant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pub = g
}

// setSealed says whether a grant is there that cannot be unsealed.
func (p *published) setSealed(sealed bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sealed = sealed
}

// setAdopted says that the grant of this pairing is adopted. One that could not be unsealed is put aside by then.
func (p *published) setAdopted(pairing string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.adopted, p.sealed = pairing, false
}
