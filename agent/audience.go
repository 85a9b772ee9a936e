package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

var errUnknownAudience = errors.New("no [[token]] of that name is configured")

// forceEvery is how often a local program may force a refresh.
const forceEvery = time.Minute

// serveToken is the access token a local program asked for; name is "" for the grant's own, or that of
// a [[token]]. fresh says that an API refused the last one. It runs in the loop.
func (k *keeper) serveToken(ctx context.Context, name string, minTTL time.Duration, fresh bool) (deviceauth.Token, error) {
	refused := uint64(0)
	now := time.Now()
	if fresh && k.forced.Add(forceEvery).Before(now) {
		k.forced = now
		refused = k.gen
		delete(k.audiences, name)
	}
	if name == "" {
		g, err := k.fresh(ctx, refused, minTTL)
		if err != nil && g.AccessToken != "" && usable(g, now) && refused == 0 {
			err = nil // shorter than asked for, and the best there is
		}
		return tokenOf(g), err
	}
	return k.audience(ctx, name, minTTL)
}

// audience is the access token of a [[token]], cached, by refresh with another resource or scope.
func (k *keeper) audience(ctx context.Context, name string, minTTL time.Duration) (deviceauth.Token, error) {
	want, ok := k.o.Audiences[name]
	if !ok {
		return deviceauth.Token{}, errUnknownAudience
	}
	if k.gen == 0 {
		return deviceauth.Token{}, errNotPaired
	}
	now := time.Now()
	if t, ok := k.audiences[name]; ok && usable(grantOf(t, now), now.Add(minTTL)) {
		return t, nil
	}
	if err := k.mayRefresh(now); err != nil {
		return deviceauth.Token{}, err
	}
	if err := k.o.Store.Intend(k.stored); err != nil {
		k.storage(err)
		return deviceauth.Token{}, err
	}
	own, cancel := bounded(ctx)
	defer cancel()
	t, rotated, err := k.o.Auth.Audience(own, tokenOf(k.pub), want)
	if err != nil {
		return deviceauth.Token{}, k.audienceRefused(name, err)
	}
	if err := k.rotate(rotated); err != nil {
		return deviceauth.Token{}, err
	}
	k.audiences[name] = t
	return t, nil
}

// rotate keeps the refresh token that came with another audience's access token; the grant's own access
// token and its schedule stay as they are.
func (k *keeper) rotate(t deviceauth.Token) error {
	g := k.pub
	if t.RefreshToken == "" || t.RefreshToken == g.RefreshToken {
		return nil
	}
	g.RefreshToken = t.RefreshToken
	gen, err := k.o.Store.Save(g)
	if err != nil {
		k.unsaved = &adoption{grant: g}
		k.storage(err)
		return err
	}
	k.stored = gen
	k.mu.Lock() // the same access token under the same generation: nobody need change a session for it
	defer k.mu.Unlock()
	k.pub = g
	return nil
}

// audienceRefused ends the grant only where the refresh token itself is gone; a resource or a scope
// that is refused is this audience's trouble alone.
func (k *keeper) audienceRefused(name string, err error) error {
	switch kindOf(err) {
	case deviceauth.Gone:
		k.forget(err.Error())
	case deviceauth.Lost:
		k.due = time.Now() // the rotated refresh token may be lost: the grant's own refresh, at once
	}
	return fmt.Errorf("token %q: %w", name, err)
}
