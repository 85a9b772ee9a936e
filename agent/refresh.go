package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
)

// retry counts what failed since the last renewal.
type retry struct {
	failures int
	doubts   int       // answers that might mean the end: invalid_request, an empty 400
	until    time.Time // no refresh before
	err      error     // the last failure
}

// doubtEvery spreads three doubtful answers over ten minutes.
const (
	doubtEvery = 5 * time.Minute
	doubtMost  = 3
)

// verifyLimit is how long a refreshed ID token may wait for the issuer's keys.
const verifyLimit = 10 * time.Second

// refresh begins to renew the grant. The answer is made durable before anything else of it is checked or used: on a
// server that rotates, its refresh token is the only one that is still good.
func (k *keeper) refresh(ctx context.Context) (*exchange, error) {
	old := k.pub
	return k.begin(ctx, true, func(own context.Context) {
		var t deviceauth.Token
		err := repeatLost(func() (err error) {
			t, err = k.o.Auth.Refresh(own, tokenOf(old))
			return err
		})
		verify := false
		k.inLoop(func(ctx context.Context) { verify = k.received(ctx, t, err) })
		if !verify {
			return
		}
		limited, cancel := context.WithTimeout(own, verifyLimit)
		defer cancel()
		v, err := k.o.Auth.Verify(limited, t)
		k.inLoop(func(ctx context.Context) { k.verified(ctx, v, err) })
	})
}

// received handles the answer to a refresh, and reports whether its ID token is still to be verified before the
// tokens are used.
func (k *keeper) received(ctx context.Context, t deviceauth.Token, err error) (verify bool) {
	if err != nil {
		k.refused(err)
		k.rotateRefused(t)
		return false
	}
	k.inHand = adoption{grant: renewed(k.pub, t, time.Now())}
	if t.Verified || t.IDToken == "" {
		k.save(ctx)
		return false
	}
	if !k.persist() {
		k.inHand.grant.IDToken = k.pub.IDToken // it is written later, and then without a new check
		return false
	}
	return true
}

// verified publishes the durable grant with what its ID token says. The new claims become durable with the next
// refresh. If the ID token is refused or cannot be checked now, the ID token before stays.
func (k *keeper) verified(ctx context.Context, v deviceauth.Token, err error) {
	g := &k.inHand.grant
	if err != nil {
		k.o.Log.Warn("refreshed ID token ignored, the tokens are kept", "err", err)
		g.IDToken = k.pub.IDToken
		k.save(ctx)
		return
	}
	fresh := grantOf(v, g.Refreshed)
	g.IDToken, g.Name, g.Claims, g.Binding = fresh.IDToken, fresh.Name, fresh.Claims, fresh.Binding
	k.release(ctx)
}

// refused decides what a failed refresh means. Only a refresh token that is gone ends the grant;
// network, 5xx and clock trouble never do.
func (k *keeper) refused(err error) {
	kind := kindOf(err)
	if kind == deviceauth.Doubtful {
		k.retry.doubts++
	}
	if kind == deviceauth.Gone || k.retry.doubts >= doubtMost {
		k.end(err.Error())
		return
	}
	now := time.Now()
	longest := capUrgent
	if usable(k.pub, now.Add(capIdle)) { // the token in hand outlasts the longer wait
		longest = capIdle
	}
	wait := backoff(k.retry.failures, time.Second, longest, k.o.Rand)
	switch kind {
	case deviceauth.Doubtful:
		wait = doubtEvery
	case deviceauth.Misconfigured:
		wait = longest
	}
	wait = max(wait, askedToWait(err)) // "Retry-After beats every cap"
	k.retry.failures++
	k.retry.err, k.retry.until = err, now.Add(wait)
	k.due = k.retry.until
	k.status.problem("keeper", problemOf(kind, k.o.Clock.Set()), err)
	k.o.Log.Debug("refresh failed", "err", err, "again_in", wait.Round(time.Second))
}

// askedToWait is what the server asked for by Retry-After, 0 if nothing.
func askedToWait(err error) time.Duration {
	if e, ok := errors.AsType[*deviceauth.Error](err); ok {
		return e.RetryAfter
	}
	return 0
}

func kindOf(err error) deviceauth.Kind {
	if e, ok := errors.AsType[*deviceauth.Error](err); ok {
		return e.Kind
	}
	return ""
}

// problemOf is the code a failure is shown under. A certificate that is not yet valid on a clock that is
// not set is the clock's fault.
func problemOf(kind deviceauth.Kind, clockSet bool) control.ProblemCode {
	switch kind {
	case deviceauth.TLS:
		if !clockSet {
			return control.ProblemClockUnset
		}
	case deviceauth.Doubtful, deviceauth.Lost, deviceauth.Gone, "":
		return control.ProblemServer
	}
	return control.ProblemCode(kind)
}
