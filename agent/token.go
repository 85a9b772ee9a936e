package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

var errUnknownAudience = errors.New("no [[token]] of that name is configured")

// forceEvery is how often a local program may force a refresh.
const forceEvery = time.Minute

// audience is the access token of a [[token]], or why there is none yet.
type audience struct {
	token deviceauth.Token
	retry retry
}

// token is a grant whose access token may be used, newer than generation refused: one that the broker
// refused costs one refresh. 0 refuses none.
func (k *keeper) token(ctx context.Context, refused uint64) (store.Grant, error) {
	return ask(ctx, k, func(own context.Context) (store.Grant, error) { return k.fresh(own, refused, 0) })
}

// fresh runs in the loop. With an error it returns the grant as it is.
func (k *keeper) fresh(ctx context.Context, refused uint64, minTTL time.Duration) (store.Grant, error) {
	if k.gen == 0 {
		return store.Grant{}, k.absent()
	}
	now := time.Now()
	if k.gen != refused && usable(k.pub, now.Add(within(minTTL, k.pub.Lifetime))) {
		return k.pub, nil
	}
	err := k.mayRefresh(now)
	if err == nil {
		err = k.refresh(ctx)
	}
	return k.pub, err
}

// mayRefresh is the error of the last refresh while its back-off lasts.
func (k *keeper) mayRefresh(now time.Time) error {
	switch {
	case k.phase.stage == unsaved:
		return errUnsaved
	case k.pub.RefreshToken == "":
		return errors.New("the server gave no refresh token: pair again")
	case now.Before(k.retry.until):
		return k.retry.err
	}
	return nil
}

// localToken is the access token a local program asked for; name is "" for the grant's own, or that of
// a [[token]]. fresh says that an API refused the last one. It runs in the loop.
func (k *keeper) localToken(ctx context.Context, name string, minTTL time.Duration, fresh bool) (deviceauth.Token, error) {
	if _, known := k.o.Audiences[name]; name != "" && !known {
		return deviceauth.Token{}, errUnknownAudience
	}
	now := time.Now()
	fresh = fresh && !now.Before(k.forced.Add(forceEvery))
	if fresh {
		k.forced = now
	}
	if name != "" {
		return k.audience(ctx, name, minTTL, fresh)
	}
	refused := uint64(0)
	if fresh {
		refused = k.gen
	}
	g, err := k.fresh(ctx, refused, minTTL)
	if err != nil && refused == 0 && k.gen != 0 && usable(g, time.Now()) {
		err = nil // shorter than asked for, and the best there is
	}
	return tokenOf(g), err
}

// audience gets the access token of a [[token]], cached, by refresh with another resource or scope.
func (k *keeper) audience(ctx context.Context, name string, minTTL time.Duration, fresh bool) (deviceauth.Token, error) {
	if k.gen == 0 {
		return deviceauth.Token{}, k.absent()
	}
	now := time.Now()
	have := k.audiences[name]
	if !fresh && have.token.AccessToken != "" && outlives(have.token, now.Add(within(minTTL, have.token.Lifetime))) {
		return have.token, nil
	}
	if now.Before(have.retry.until) {
		return deviceauth.Token{}, have.retry.err
	}
	if err := k.mayRefresh(now); err != nil {
		return deviceauth.Token{}, err
	}
	t, rotated, err := k.requestAudience(ctx, name)
	if err != nil {
		return deviceauth.Token{}, k.audienceRefused(name, have, err)
	}
	if err := k.rotate(rotated); err != nil {
		return deviceauth.Token{}, err
	}
	k.audiences[name] = audience{token: t}
	return t, nil
}

// outlives reports whether t is good beyond at.
func outlives(t deviceauth.Token, at time.Time) bool { return t.Expiry.IsZero() || at.Before(t.Expiry) }

// requestAudience sends the refresh request.
func (k *keeper) requestAudience(ctx context.Context, name string) (t, rotated deviceauth.Token, err error) {
	err = k.post(ctx, func(ctx context.Context) (err error) {
		t, rotated, err = k.o.Auth.Audience(ctx, tokenOf(k.pub), k.o.Audiences[name])
		return err
	})
	return t, rotated, err
}

// rotate keeps the refresh token that came with another audience's access token; the grant's own access
// token and its schedule stay as they are.
func (k *keeper) rotate(t deviceauth.Token) error {
	g := k.pub
	if t.RefreshToken == "" || t.RefreshToken == g.RefreshToken {
		k.clearIntent()
		return nil
	}
	g.RefreshToken = t.RefreshToken
	gen, err := k.o.Store.Save(g)
	if err != nil {
		k.inHand = adoption{grant: g}
		k.enter(unsaved, time.Time{})
		k.storageFailed(err)
		return errUnsaved
	}
	k.stored = gen
	k.storageWorks()
	k.mu.Lock() // the same access token under the same generation: no session changes for it
	defer k.mu.Unlock()
	k.pub = g
	return nil
}

// clearIntent closes the journal after an answer that left the refresh token as it was, so that the next
// start does not refresh for nothing.
func (k *keeper) clearIntent() {
	k.intended = 0
	if err := k.o.Store.ClearIntent(); err != nil {
		k.o.Log.Warn("the next start will refresh at once", "err", err)
	}
}

// audienceRefused ends the grant only where the refresh token itself is gone; a resource or a scope
// that is refused is this audience's trouble alone.
func (k *keeper) audienceRefused(name string, have audience, err error) error {
	kind := kindOf(err)
	switch kind {
	case deviceauth.Gone:
		k.end(err.Error())
		return errNotPaired
	case deviceauth.Lost, "": // the rotated refresh token may be lost: the grant's own refresh finds out
		k.refused(err)
	}
	now := time.Now()
	wait := backoff(have.retry.failures, time.Second, capUrgent, k.o.Rand)
	if kind == deviceauth.Misconfigured {
		wait = capUrgent
	}
	wait = max(wait, askedToWait(err))
	err = fmt.Errorf("token %q: %w", name, err)
	have.retry = retry{failures: have.retry.failures + 1, until: now.Add(wait), err: err}
	k.audiences[name] = have
	return err
}
