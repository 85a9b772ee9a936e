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

// refresh begins to renew the grant. The answer is made durable, and only then it is used.
func (k *keeper) refresh(ctx context.Context) (*exchange, error) {
	old := k.pub
	var t deviceauth.Token
	post := func(ctx context.Context) (err error) {
		t, err = k.o.Auth.Refresh(ctx, tokenOf(old))
		return err
	}
	x, err := k.begin(ctx, post, func(ctx context.Context, err error) {
		if err != nil {
			k.refused(err)
			return
		}
		k.inHand = adoption{grant: renewed(old, t, time.Now())}
		k.save(ctx)
	})
	if err == nil {
		x.renews = true
	}
	return x, err
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
	if usable(k.pub, now.Add(capIdle)) { // and still will be when that is over
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
	k.phase.due = k.retry.until
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
