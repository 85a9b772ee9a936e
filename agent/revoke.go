package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/store"
)

// revokeLimit bounds a revocation (RFC 7009): the owner waits for it at a reset, and everything local is
// erased all the same.
const revokeLimit = 10 * time.Second

// revoke revokes g beside the loop; best effort.
func (k *keeper) revoke(ctx context.Context, g store.Grant) {
	k.revocations.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, revokeLimit)
		defer cancel()
		if err := k.o.Auth.Revoke(ctx, tokenOf(g)); err != nil {
			k.o.Log.Warn("the earlier grant could not be revoked: remove this device in the account it was of", "err", err)
		}
	})
}

// unrevoked is the grant of an earlier pairing that a power cut kept from being revoked.
func unrevoked(state store.State, bound store.Binding) (store.Grant, bool) {
	p, g := state.Previous, state.Grant
	if p == nil || g == nil || p.Pairing == "" || p.Pairing == g.Pairing || foreign(p.Binding, bound) || sameTokens(*p, *g) {
		return store.Grant{}, false
	}
	return *p, true
}

// sameTokens reports whether revoking the tokens of one grant would end the other.
func sameTokens(a, b store.Grant) bool {
	if a.RefreshToken != "" || b.RefreshToken != "" {
		return a.RefreshToken == b.RefreshToken
	}
	return a.AccessToken == b.AccessToken
}

// revokeAll revokes, 10 s at most, all that this device has.
func (a *Agent) revokeAll(ctx context.Context) error {
	state, err := a.o.Store.Load()
	if err != nil {
		return fmt.Errorf("the grant cannot be read to be revoked, remove this device in your account: %w", err)
	}
	if state.Grant == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeLimit)
	defer cancel()
	err = a.o.Auth.Revoke(ctx, tokenOf(*state.Grant))
	if before, ok := unrevoked(state, a.o.Bound); ok {
		err = errors.Join(err, a.o.Auth.Revoke(ctx, tokenOf(before)))
	}
	if err != nil {
		return fmt.Errorf("the grant could not be revoked, remove this device in your account: %w", err)
	}
	return nil
}
