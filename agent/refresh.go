package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// retry counts what went wrong since the last renewal.
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

// refresh renews the grant now: the intent is durable, then the POST goes out, then the answer is made
// durable, and only then it is used. The POST ignores ctx but for a limit, so that neither a press nor a
// stop aborts it half-way.
func (k *keeper) refresh(ctx context.Context) error {
	if err := k.o.Store.Intend(k.stored); err != nil {
		k.storage(err) // without a journal a lost answer could cost the grant
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	t, err := k.o.Auth.Refresh(ctx, tokenOf(k.pub))
	if kindOf(err) == deviceauth.Lost { // like a crash: the same token once more, at once
		t, err = k.o.Auth.Refresh(ctx, tokenOf(k.pub))
	}
	if err != nil {
		k.refused(err)
		return err
	}
	k.unsaved = &adoption{grant: renewed(k.pub, t, time.Now())}
	k.save(ctx)
	if k.unsaved != nil {
		return errors.New("the renewed grant could not be written")
	}
	return nil
}

// bounded is a context that outlives ctx by 10 s at most: "SIGTERM waits for a refresh in flight, 10 s at most".
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(10*time.Second, cancel)
		context.AfterFunc(own, func() { t.Stop() })
	})
	return own, func() { stop(); cancel() }
}

func kindOf(err error) deviceauth.Kind {
	if e, ok := errors.AsType[*deviceauth.Error](err); ok {
		return e.Kind
	}
	return ""
}

// refused decides what a failed refresh means. Only a refresh token that is gone ends the grant;
// network, 5xx and clock trouble never do.
func (k *keeper) refused(err error) {
	kind := kindOf(err)
	if kind == deviceauth.Doubtful {
		k.retry.doubts++
	}
	if kind == deviceauth.Gone || k.retry.doubts >= doubtMost {
		k.forget(err.Error())
		return
	}
	now := time.Now()
	longest := capUrgent
	if usable(k.pub, now) {
		longest = capIdle
	}
	wait := backoff(k.retry.failures, time.Second, longest, k.o.Rand)
	switch kind {
	case deviceauth.Doubtful:
		wait = doubtEvery
	case deviceauth.Misconfigured:
		wait = longest
	}
	var e *deviceauth.Error
	if errors.As(err, &e) {
		wait = patient(wait, e.RetryAfter)
	}
	k.retry.failures++
	k.retry.err, k.retry.until = err, now.Add(wait)
	k.due = k.retry.until
	k.status.problem("keeper", problemOf(kind, k.o.Clock.Set()), err)
	k.o.Log.Warn("refresh failed", "err", err, "again_in", wait.Round(time.Second))
}

// problemOf is the code a failure is shown under. A certificate that is not yet valid on a clock that is
// not set is the clock's fault.
func problemOf(kind deviceauth.Kind, clockSet bool) string {
	switch kind {
	case deviceauth.TLS:
		if !clockSet {
			return "clock_unset"
		}
	case deviceauth.Doubtful, deviceauth.Lost, deviceauth.Gone, "":
		return "server"
	}
	return string(kind)
}

// token is a grant whose access token may be used, newer than generation refused: one that the broker
// refused costs one refresh. 0 refuses none.
func (k *keeper) token(ctx context.Context, refused uint64) (g store.Grant, err error) {
	e := k.do(ctx, func(own context.Context) { g, err = k.fresh(own, refused, 0) })
	if e != nil {
		return store.Grant{}, e
	}
	return g, err
}

// fresh runs in the loop.
func (k *keeper) fresh(ctx context.Context, refused uint64, minTTL time.Duration) (store.Grant, error) {
	if k.gen == 0 {
		return store.Grant{}, errNotPaired
	}
	now := time.Now()
	if k.gen != refused && usable(k.pub, now.Add(minTTL)) {
		return k.pub, nil
	}
	if err := k.mayRefresh(now); err != nil {
		return k.pub, err
	}
	if err := k.refresh(ctx); err != nil {
		return store.Grant{}, err
	}
	return k.pub, nil
}

// mayRefresh is the error of the last refresh while its back-off lasts.
func (k *keeper) mayRefresh(now time.Time) error {
	switch {
	case k.unsaved != nil:
		return errors.New("the renewed grant could not be written yet")
	case k.pub.RefreshToken == "":
		return errors.New("the server gave no refresh token: pair again")
	case now.Before(k.retry.until):
		return k.retry.err
	}
	return nil
}
