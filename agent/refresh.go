package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
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

// refresh renews the grant now: the intent is durable, then the POST goes out, then the answer is made
// durable, and only then it is used.
func (k *keeper) refresh(ctx context.Context) error {
	var t deviceauth.Token
	err := k.post(ctx, func(ctx context.Context) (err error) {
		t, err = k.o.Auth.Refresh(ctx, tokenOf(k.pub))
		return err
	})
	if err != nil {
		k.refused(err)
		return err
	}
	t = k.verified(ctx, t)
	k.inHand = adoption{grant: renewed(k.pub, t, time.Now())}
	k.save(ctx)
	if k.phase.stage == unsaved {
		return errUnsaved
	}
	return nil
}

// verifyFor is how long a refreshed ID token may wait for the issuer's keys.
const verifyFor = 10 * time.Second

// verified is t with what its ID token says. One that is refused or cannot be checked now leaves the one before.
func (k *keeper) verified(ctx context.Context, t deviceauth.Token) deviceauth.Token {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), verifyFor)
	defer cancel()
	var err error
	k.pulse.await(func() { t, err = k.o.Auth.Verify(ctx, t) })
	if err != nil {
		k.o.Log.Warn("refreshed ID token ignored, the tokens are kept", "err", err)
		t.IDToken, t.Subject, t.Name, t.Claims = k.pub.IDToken, k.pub.Subject, k.pub.Name, k.pub.Claims
	}
	return t
}

// errJournal: without a journal a lost answer could cost the grant, so nothing is sent.
var errJournal = errors.New("the refresh cannot be journalled")

var errUnsaved = errors.New("the renewed grant cannot be written: see problem storage")

// post sends a request that may use up the refresh token, with an intent in the journal. It ignores ctx
// but for a limit, so that neither a press nor a stop aborts it half-way. "A refresh whose answer was lost
// is repeated at once with the same token, like a crash."
func (k *keeper) post(ctx context.Context, fn func(context.Context) error) error {
	if ctx.Err() != nil {
		return errStopping
	}
	if err := k.intend(); err != nil {
		k.storageFailed(err)
		return fmt.Errorf("%w: %w", errJournal, err)
	}
	own, cancel := bounded(ctx)
	defer cancel()
	var err error
	k.pulse.await(func() {
		if err = fn(own); kindOf(err) == deviceauth.Lost {
			err = fn(own)
		}
	})
	return err
}

// intend makes the intent durable, once a generation: each retry sends the same token. A refusal does not
// take it back. That would cost a write, and after a gateway's 5xx it is not known whether the server
// behind it has used up the token. All that is left of the intent is one refresh at once after the next start.
func (k *keeper) intend() error {
	if k.intended == k.stored {
		return nil
	}
	err := k.o.Store.Intend(k.stored)
	if lostGrant(err) { // the files were replaced while we ran: the grant in memory takes their place
		if k.stored, err = k.o.Store.Save(k.pub); err == nil {
			err = k.o.Store.Intend(k.stored)
		}
	}
	if err != nil {
		return err
	}
	k.intended = k.stored
	k.storageWorks()
	return nil
}

// lostGrant reports whether the store works and knows nothing of the generation.
func lostGrant(err error) bool {
	_, disk := errors.AsType[*store.StorageError](err)
	_, sealed := errors.AsType[*store.SealError](err)
	return err != nil && !disk && !sealed && !errors.Is(err, store.ErrLocked) && !errors.Is(err, store.ErrNewerSchema)
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

// refused decides what a failed refresh means. Only a refresh token that is gone ends the grant;
// network, 5xx and clock trouble never do.
func (k *keeper) refused(err error) {
	if errors.Is(err, errStopping) || errors.Is(err, errJournal) {
		return // nothing was sent
	}
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
