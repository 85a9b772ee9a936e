package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// revokeLimit bounds a revocation (RFC 7009): the owner waits for it at a reset, and everything local is
// erased all the same.
const revokeLimit = 10 * time.Second

// revokeTokens revokes the grants of those tokens, within revokeLimit.
func (o Options) revokeTokens(ctx context.Context, tokens ...deviceauth.Token) error {
	ctx, cancel := context.WithTimeout(ctx, revokeLimit)
	defer cancel()
	var err error
	for _, t := range tokens {
		err = errors.Join(err, o.Auth.Revoke(ctx, t))
	}
	return err
}

// revoke revokes g beside the loop; best effort.
func (k *keeper) revoke(ctx context.Context, g store.Grant) {
	k.beside.Go(func() {
		if err := k.o.revokeTokens(ctx, tokenOf(g)); err != nil {
			k.o.Log.Warn("the earlier grant could not be revoked: remove this device in the account it was of", "err", err)
		}
	})
}

// revokeUnused revokes tokens that are not adopted, if this device has no grant: on many servers all grants of a person
// to this client are one, and end together.
func (p *pairer) revokeUnused(ctx context.Context, t deviceauth.Token) {
	if t.RefreshToken == "" && t.AccessToken == "" || p.o.Revoke == revokeNever || p.keeper.holdsGrant() {
		return
	}
	p.pulse.await(func() {
		if err := p.o.revokeTokens(context.WithoutCancel(ctx), t); err != nil {
			p.o.Log.Warn("the refused tokens could not be revoked: remove this device in your account", "err", err)
		}
	}, within(requestLimit))
}

// The values of auth.revoke.
const (
	revokeAuto  = "auto"  // at a factory reset, and at pairing again by another account
	revokeReset = "reset" // at a factory reset only
	revokeNever = "never"
)

// mayRevoke reports whether pairing again revokes the grant before. Many servers attach the tokens of a new pairing by
// the same person to the same grant: revoking the old refresh token then ends the new one too (RFC 7009 section 2.1
// lets them: "the authorization server MAY also invalidate [...] all tokens based on the same authorization grant"). So
// both accounts must be known and differ.
func mayRevoke(policy string, old, fresh store.Grant) bool {
	return (policy == revokeAuto || policy == "") && old.Subject != "" && fresh.Subject != "" && old.Subject != fresh.Subject &&
		!sameTokens(old, fresh)
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
	tokens, err := a.held()
	if err != nil {
		return fmt.Errorf("the grant cannot be read to be revoked, remove this device in your account: %w", err)
	}
	if len(tokens) > 0 && a.o.Revoke == revokeNever {
		return errors.New("auth.revoke is never: remove this device in your account")
	}
	if err := a.o.revokeTokens(context.WithoutCancel(ctx), tokens...); err != nil {
		return fmt.Errorf("the grant could not be revoked, remove this device in your account: %w", err)
	}
	return nil
}

// held are all grants of this device: the present one, one of an earlier pairing that was not revoked, and the answer of a
// pairing that is not adopted yet.
func (a *Agent) held() (tokens []deviceauth.Token, err error) {
	state, err := a.o.Store.Load()
	if err != nil {
		return nil, err
	}
	if state.Grant != nil {
		tokens = append(tokens, tokenOf(*state.Grant))
	}
	if before, ok := unrevoked(state, a.o.Bound); ok {
		tokens = append(tokens, tokenOf(before))
	}
	if answer, ok, err := a.o.Store.Answer(); err == nil && ok {
		tokens = append(tokens, tokenOf(answer))
	}
	return tokens, nil
}
