package agent

import (
	"context"
	"time"

	"github.com/paird/paird/agent/store"
)

// A codeRecord is the latest write of what the next start must find of a code. It belongs to the keeper's loop.
type codeRecord struct {
	store grants
	write func(grants) error // nil: the disk has taken it
	again <-chan time.Time   // when it is tried again
}

// run runs the write, if it has not succeeded yet.
func (r *codeRecord) run() error {
	r.again = nil
	if r.write == nil {
		return nil
	}
	if err := r.write(r.store); err != nil {
		r.again = time.After(storageRetry)
		return err
	}
	r.write = nil
	return nil
}

// record runs write, which makes durable what the next start must find of a code. While the disk refuses, write runs
// again every storageRetry and once at the end of the loop, unless another write has replaced it.
func (k *keeper) record(ctx context.Context, write func(grants) error) error {
	_, err := ask(context.WithoutCancel(ctx), k, func(context.Context) (any, error) {
		k.code.write = write
		return nil, k.code.run()
	})
	return err
}

// saveAnswer keeps the answer of a pairing beside the grant. It puts aside a stored grant that cannot be unsealed.
func saveAnswer(s grants, g store.Grant) error {
	return puttingAside(s, func() error { return s.SaveAnswer(g) })
}

// answer returns the answer that an earlier start kept and that was neither adopted nor dropped. An answer of another
// configuration is dropped.
func (k *keeper) answer(ctx context.Context) (store.Grant, bool) {
	g, err := ask(ctx, k, func(context.Context) (*store.Grant, error) {
		if g, ok, err := k.o.Store.Answer(); err != nil || ok {
			return &g, err
		}
		return nil, nil
	})
	switch {
	case err != nil:
		k.o.Log.Debug("no answer of a pairing is read", "err", err)
		return store.Grant{}, false
	case g == nil:
		return store.Grant{}, false
	case foreign(g.Binding, k.o.Bound):
		if err := k.record(ctx, grants.DropAnswer); err != nil {
			k.o.Log.Warn("the answer of a pairing with another configuration is still on the disk", "err", err)
		}
		return store.Grant{}, false
	}
	return *g, true
}
