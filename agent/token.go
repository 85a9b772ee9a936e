package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

var (
	errUnknownAudience = errors.New("no [[token]] of that name is configured")
	errNoToken         = errors.New("the server gave no token that can be used: ask again")
)

const (
	forceEvery = time.Minute     // how often a local program may force a refresh
	shortWait  = 5 * time.Second // how long a refresh is awaited for a caller who can be served with less than min_ttl
)

// audience is the access token of a [[token]], or why there is none yet.
type audience struct {
	token deviceauth.Token
	gen   uint64 // counts what was received
	retry retry
}

// want is what a local program asks for.
type want struct {
	name    string // of a [[token]]; "" for the grant's own
	minTTL  time.Duration
	fresh   bool   // an API refused the last one
	refused uint64 // then: the generation of that one
	last    bool   // a request was made for it and is over: take the token in hand
}

// offer is what the keeper has for a caller at once.
type offer struct {
	grant store.Grant      // of the device
	token deviceauth.Token // of that audience; where wait is not nil it may be served, but is not what was wanted
	wait  *exchange        // what may bring another; nil: nothing
	want  want             // what to ask for then
}

// token is a grant whose access token may be used, newer than generation refused: one that the broker
// refused costs one refresh. 0 refuses none. With an error it returns the grant as it is.
func (k *keeper) token(ctx context.Context, refused uint64) (store.Grant, error) {
	w := want{refused: refused}
	for {
		o, err := ask(ctx, k, func(own context.Context) (offer, error) { return k.offer(own, w) })
		if err != nil || o.wait == nil {
			return o.grant, err
		}
		if err := o.wait.wait(ctx); err != nil {
			return o.grant, err
		}
		w = o.want
	}
}

// localToken is the access token a local program asked for. The token in hand is served at once while it satisfies
// min_ttl, even during a refresh. A token that does not is served if the server gives no other in time.
func (k *keeper) localToken(ctx context.Context, w want) (deviceauth.Token, error) {
	if _, known := k.o.Audiences[w.name]; w.name != "" && !known {
		return deviceauth.Token{}, errUnknownAudience
	}
	for {
		o, err := ask(ctx, k, func(own context.Context) (offer, error) { return k.localOffer(own, w) })
		if err != nil || o.wait == nil {
			return o.token, err
		}
		if served, err := o.await(ctx); served || err != nil {
			return o.token, err
		}
		w = o.want
	}
}

// await waits for the exchange. Where there is a token that can be served meanwhile it waits for shortWait at most.
func (o offer) await(ctx context.Context) (serve bool, err error) {
	if o.token.AccessToken == "" {
		return false, o.wait.wait(ctx)
	}
	short, cancel := context.WithTimeout(ctx, shortWait)
	defer cancel()
	return o.wait.wait(short) != nil, ctx.Err()
}

// localOffer runs in the loop.
func (k *keeper) localOffer(ctx context.Context, w want) (offer, error) {
	if w.fresh && w.refused == 0 {
		w = k.force(w, time.Now())
	}
	if w.name != "" {
		return k.audienceOffer(ctx, w)
	}
	o, err := k.offer(ctx, w)
	if w.refused == 0 && usable(k.pub, time.Now()) {
		o.token, err = tokenOf(k.pub), nil // it ends sooner than was asked for, and there is no better one
	} else if err == nil && o.wait == nil {
		o.token = tokenOf(k.pub)
	}
	return o, err
}

// force says which token was refused, unless one was forced within forceEvery.
func (k *keeper) force(w want, now time.Time) want {
	if w.fresh = !now.Before(k.forced.Add(forceEvery)); !w.fresh {
		return w
	}
	k.forced, w.refused = now, k.gen
	if w.name != "" {
		w.refused = k.audiences[w.name].gen
	}
	return w
}

// offer is the grant if its access token is not the refused one and is good for min_ttl, else the refresh that may
// bring such a token. It runs in the loop.
func (k *keeper) offer(ctx context.Context, w want) (offer, error) {
	if k.gen == 0 {
		return offer{}, k.absent()
	}
	now := time.Now()
	if w.last {
		w.minTTL = 0
	}
	o := offer{grant: k.pub, want: w}
	if k.gen != w.refused && usable(k.pub, now.Add(boundTTL(w.minTTL, k.pub.Lifetime))) {
		return o, nil
	}
	if k.exchange != nil {
		o.wait, o.want.last = k.exchange, k.exchange.renews && k.exchange.gen == k.gen
		return o, nil
	}
	err := k.mayRefresh(now)
	if err == nil && w.last {
		err = errNoToken
	}
	if err == nil {
		o.wait, err = k.refresh(ctx)
		o.want.last = true
	}
	return o, err
}

// mayRefresh is the error of the last refresh while its back-off lasts.
func (k *keeper) mayRefresh(now time.Time) error {
	switch {
	case k.stage == unsaved:
		return errUnsaved
	case k.pub.RefreshToken == "":
		return errors.New("the server gave no refresh token: pair again")
	case now.Before(k.retry.until):
		return k.retry.err
	}
	return nil
}

// audienceOffer is the access token of a [[token]], cached, or the request for it: a refresh with another resource
// or scope.
func (k *keeper) audienceOffer(ctx context.Context, w want) (offer, error) {
	if k.gen == 0 {
		return offer{}, k.absent()
	}
	now := time.Now()
	have := k.audiences[w.name]
	good := have.token.AccessToken != "" && (have.gen != w.refused || !w.fresh)
	if good && (w.last || outlives(have.token, now.Add(boundTTL(w.minTTL, have.token.Lifetime)))) {
		return offer{token: have.token}, nil
	}
	if k.exchange != nil {
		return offer{wait: k.exchange, want: w}, nil
	}
	if now.Before(have.retry.until) {
		return offer{}, have.retry.err
	}
	if err := k.mayRefresh(now); err != nil {
		return offer{}, err
	}
	x, err := k.requestAudience(ctx, w.name)
	w.last = true
	return offer{wait: x, want: w}, err
}

// outlives reports whether t is good beyond at.
func outlives(t deviceauth.Token, at time.Time) bool { return t.Expiry.IsZero() || at.Before(t.Expiry) }

// requestAudience sends the refresh request.
func (k *keeper) requestAudience(ctx context.Context, name string) (*exchange, error) {
	old := k.pub
	return k.begin(ctx, false, func(own context.Context) {
		var t, rotated deviceauth.Token
		err := repeatLost(func() (err error) {
			t, rotated, err = k.o.Auth.Audience(own, tokenOf(old), k.o.Audiences[name])
			return err
		})
		k.inLoop(func(context.Context) {
			switch {
			case err != nil:
				k.audienceRefused(name, err)
				k.rotateRefused(rotated)
			case k.rotate(rotated): // durable before the access token is used
				k.audiences[name] = audience{token: t, gen: k.audiences[name].gen + 1}
			}
		})
	})
}

// rotate keeps the refresh token that came with another audience's access token, and reports whether it is durable;
// the grant's own access token and its schedule stay as they are.
func (k *keeper) rotate(t deviceauth.Token) bool {
	g := k.pub
	if t.RefreshToken == "" || t.RefreshToken == g.RefreshToken && t.TokenEndpoint == g.TokenEndpoint {
		k.clearIntent()
		return true
	}
	g.RefreshToken, g.TokenEndpoint = t.RefreshToken, t.TokenEndpoint
	gen, err := k.o.Store.Save(g)
	if err != nil {
		k.inHand = adoption{grant: g}
		k.enter(unsaved, time.Time{})
		k.storageFailed(err)
		return false
	}
	k.stored = gen
	k.storageWorks()
	k.rotated(g)
	return true
}

// rotateRefused keeps the refresh token of an answer that was refused for another reason: the server has answered 200,
// and the one before may be spent.
func (k *keeper) rotateRefused(t deviceauth.Token) {
	if t.RefreshToken != "" && k.gen != 0 {
		k.rotate(t)
	}
}

// clearIntent closes the journal after an answer that left the refresh token as it was, so that the next
// start does not refresh for nothing.
func (k *keeper) clearIntent() {
	k.intended = 0
	if err := k.o.Store.ClearIntent(); err != nil {
		k.o.Log.Warn("the next start will refresh at once", "err", err)
	}
}

// audienceRefused ends the grant only where the refresh token itself is gone. A refused resource or scope
// concerns this audience alone.
func (k *keeper) audienceRefused(name string, err error) {
	kind := kindOf(err)
	switch kind {
	case deviceauth.Gone:
		k.end(err.Error())
		return
	case deviceauth.Lost, "": // the rotated refresh token may be lost: the grant's own refresh finds out
		k.refused(err)
	}
	have := k.audiences[name]
	wait := backoff(have.retry.failures, time.Second, capUrgent, k.o.Rand)
	if kind == deviceauth.Misconfigured {
		wait = capUrgent
	}
	wait = max(wait, askedToWait(err))
	err = fmt.Errorf("token %q: %w", name, err)
	have.retry = retry{failures: have.retry.failures + 1, until: time.Now().Add(wait), err: err}
	k.audiences[name] = have
}
