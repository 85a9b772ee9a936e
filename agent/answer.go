package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
)

// finish shows the code until it is approved, denied or over, or another is requested.
func (p *pairer) finish(ctx context.Context, pending deviceauth.Pending) time.Duration {
	p.status.update(func(f *facts) { f.pairing, f.beginning = &pending, false })
	p.events.emit(control.EventPairing, map[string]any{
		"user_code": pending.UserCode, "verification_uri": pending.VerificationURI,
		"verification_uri_complete": pending.VerificationURIComplete, "expires_in": seconds(time.Until(pending.Deadline())),
	})
	t, err := p.wait(ctx, pending)
	p.status.update(func(f *facts) { f.pairing = nil })
	p.status.problem("poll", "", nil)
	switch {
	case err == nil:
		err = p.complete(ctx, t, pairingOf(pending))
	case t.AccessToken != "" || t.RefreshToken != "": // a response that must not be used
		p.clearCode(ctx)
		p.revokeUnused(ctx, t)
	case ctx.Err() == nil:
		p.clearCode(ctx)
	}
	return p.conclude(ctx, err)
}

// finishAnswer goes on with an answer that the daemon received before it stopped, or lost power, and did not adopt.
func (p *pairer) finishAnswer(ctx context.Context, answer store.Grant) time.Duration {
	t := tokenOf(answer)
	t.Verified = t.IDToken == ""
	return p.conclude(ctx, p.adoptAnswer(ctx, t, answer.Pairing))
}

// conclude returns how long to rest after a code. After a stop the next start goes on with the code, or with its answer.
func (p *pairer) conclude(ctx context.Context, err error) time.Duration {
	if err != nil && ctx.Err() != nil {
		return noLimit
	}
	return p.after(err)
}

// wait polls, beside the loop, until the code has an outcome or another is requested.
func (p *pairer) wait(ctx context.Context, pending deviceauth.Pending) (t deviceauth.Token, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t, err = p.o.Auth.Wait(ctx, pending)
	}()
	alive := within(time.Until(pending.Deadline()) + requestLimit)
	if p.pulse.watch(context.Background(), noLimit, done, p.requests, alive) == second {
		cancel(errAgain)
		p.pulse.watch(context.Background(), noLimit, done, nil, within(requestLimit))
		if err != nil {
			err = errAgain
		}
	}
	return t, err
}

// complete makes the answer of the token endpoint durable before it checks anything else of it: the code is spent and
// cannot bring another answer. Meanwhile the connection to the broker is opened.
func (p *pairer) complete(ctx context.Context, t deviceauth.Token, pairing string) error {
	if p.o.Link != nil {
		p.o.Link.Preconnect(ctx)
	}
	g := grantOf(t, time.Now())
	g.Pairing = pairing
	p.record(ctx, "the answer of the pairing", func(s grants) error {
		return errors.Join(saveAnswer(s, g), s.SavePending(nil))
	})
	return p.adoptAnswer(ctx, t, pairing)
}

// adoptAnswer verifies the ID token of an answer and hands its tokens to the keeper. An answer that is refused is
// dropped.
func (p *pairer) adoptAnswer(ctx context.Context, t deviceauth.Token, pairing string) error {
	v, err := p.verify(ctx, t)
	switch {
	case err == nil:
		p.clearCode(ctx) // now, because the adoption erases the answer and no retry may write it again
		return p.adopt(ctx, v, pairing)
	case ctx.Err() == nil:
		p.revokeUnused(ctx, t)
		p.record(ctx, "that the answer of the pairing was refused", func(s grants) error {
			return errors.Join(s.DropAnswer(), s.SavePending(nil))
		})
	}
	return err
}

// clearCode makes durable that a code is over. "After a 200 a device code is never sent again" holds for the next start
// too.
func (p *pairer) clearCode(ctx context.Context) {
	p.record(ctx, "that the code is over", func(s grants) error { return s.SavePending(nil) })
}

// record makes durable what the next start must find of a code. With a disk in trouble the keeper tries again.
func (p *pairer) record(ctx context.Context, what string, write func(grants) error) {
	if err := p.keeper.record(ctx, write); err != nil {
		p.o.Log.Warn("the disk does not take "+what+" now: a power cut would lose it", "err", err)
	}
}

// verify checks the ID token and waits as long as the issuer's keys cannot be had: the account must be known before the
// queue can become its own. A request ends a back-off.
func (p *pairer) verify(ctx context.Context, t deviceauth.Token) (deviceauth.Token, error) {
	for n := 0; ; n++ {
		var v deviceauth.Token
		var err error
		p.pulse.await(func() { v, err = p.o.Auth.Verify(ctx, t) }, within(requestLimit))
		e, typed := errors.AsType[*deviceauth.Error](err)
		if err == nil || ctx.Err() != nil || typed && !e.Later {
			return v, err
		}
		p.trouble(err)
		wait := max(backoff(n, time.Second, capUrgent, p.o.Rand), askedToWait(err))
		if p.pulse.wait(ctx, wait, p.requests, nil) == first {
			n = -1
		}
	}
}

// adopt hands the tokens to the keeper and shows the account once they are durable.
func (p *pairer) adopt(ctx context.Context, t deviceauth.Token, pairing string) error {
	var err error
	p.pulse.await(func() { err = p.keeper.adopt(ctx, t, pairing) }, watched)
	if err == nil {
		p.status.update(func(f *facts) { f.justPaired = time.Now().Add(pairedFor) })
	}
	return err
}

// after is how long to rest when a code ended with err.
func (p *pairer) after(err error) time.Duration {
	kind := kindOf(err)
	switch {
	case err == nil:
		p.codes = autoCodes
		p.status.problem("pairer", "", nil)
		return noLimit
	case errors.Is(err, errAgain):
		return 0
	case kind == deviceauth.Denied, kind == deviceauth.Expired:
		p.events.emit(control.EventType(kind), nil)
	}
	if p.paired() {
		p.status.problem("pairer", "", nil)
		p.o.Log.Warn("pairing again ended; the old grant stays", "err", err)
		return noLimit
	}
	p.trouble(err)
	return p.restAfter(kind)
}

// restAfter is how long `start = "auto"` rests. Only a code that ran out is followed by another at once: what the user or
// the server refused would be refused again.
func (p *pairer) restAfter(kind deviceauth.Kind) time.Duration {
	if !p.o.StartAuto {
		return noLimit
	}
	if p.codes--; kind == deviceauth.Expired && p.codes > 0 {
		return p.o.Rand(time.Second)
	}
	p.codes = autoCodes
	return autoRest
}
