package agent

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

// What `start = "auto"` does with a code that ran out: a new one at once, autoCodes times, then a rest.
const (
	autoCodes = 5
	autoRest  = time.Hour
)

// giveUp is how long pairing again tries to reach a server that does not answer, while the old grant serves.
const giveUp = 10 * time.Minute

const (
	requestLimit = 2 * time.Minute // when a request to the server counts as hung: each attempt ends after 20 s by itself
	beginEvery   = 5 * time.Second // between device authorization requests that were asked for
)

var errAgain = errors.New("asked to pair again")

// pairer owns the user code: it rests, begins, waits, and hands the result to the keeper.
type pairer struct {
	o        Options
	status   *status
	events   *stream
	keeper   *keeper
	pulse    pulse
	requests <-chan struct{} // a press or `paird pair`: ends any rest, back-off or code
	codes    int             // how many more codes `start = "auto"` asks for by itself
	asked    time.Time       // the last device authorization request
	served   bool            // there was a grant at the last look
}

func newPairer(o Options, st *status, ev *stream, k *keeper, requests <-chan struct{}) *pairer {
	return &pairer{o: o, status: st, events: ev, keeper: k, pulse: make(pulse), requests: requests, codes: autoCodes}
}

// run pairs on request, and by itself where `start = "auto"` and there is no grant.
// After a factory reset it rests in either mode.
func (p *pairer) run(ctx context.Context, afterReset bool) {
	p.pulse.wait(ctx, noLimit, p.keeper.ready, nil)
	next := p.atStart(afterReset)
	if p.clickedEarly() && !p.paired() {
		next = 0
	}
	if answer, ok := p.keeper.answer(ctx); ok {
		next = p.finishAnswer(ctx, answer)
	} else if pending, ok := p.saved(ctx); ok && ctx.Err() == nil {
		p.awaitClock(ctx)
		p.dropRequest() // a press since the start asked for this code
		next = p.finish(ctx, pending)
	}
	for p.rest(ctx, next) {
		next = p.pair(ctx)
	}
}

// atStart is the first rest. RFC 8628 section 3.1: the client SHOULD begin when the user prompts, not at
// boot. A sealed grant may be unsealed later: no code replaces it unasked.
func (p *pairer) atStart(afterReset bool) time.Duration {
	if p.paired() || afterReset || !p.o.StartAuto || p.keeper.isSealed() {
		return noLimit
	}
	return 0
}

// clickedEarly reports a click that came before it was known whether there is a grant.
func (p *pairer) clickedEarly() (early bool) {
	p.status.update(func(f *facts) { early, f.early = f.early, false })
	return early
}

func (p *pairer) paired() bool {
	_, gen, _ := p.keeper.current()
	return gen != 0
}

// rest waits for d, for a request, or, with `start = "auto"`, for the grant to go. It is false when ctx ended.
func (p *pairer) rest(ctx context.Context, d time.Duration) bool {
	until := time.Now().Add(d)
	for ctx.Err() == nil {
		_, gen, changed := p.keeper.current()
		gone := p.served && gen == 0
		p.served = gen != 0
		if gone && p.o.StartAuto { // "when the grant is gone a new code at once"
			p.codes = autoCodes
			return true
		}
		left := d
		switch {
		case d > 0 && gen != 0: // the reason for the rest is over
			left = noLimit
		case d > 0:
			left = time.Until(until)
		}
		switch p.pulse.wait(ctx, left, p.requests, changed) {
		case first:
			p.codes = autoCodes // the user is there
			return ctx.Err() == nil
		case timeUp:
			return ctx.Err() == nil
		}
	}
	return false
}

// dropRequest drops a request that a code has answered.
func (p *pairer) dropRequest() {
	select {
	case <-p.requests:
	default:
	}
}

// pair asks for a code and waits for its outcome. It returns how long to rest then.
func (p *pairer) pair(ctx context.Context) time.Duration {
	p.status.update(func(f *facts) { f.beginning = true })
	p.status.problem("pairer", "", nil)
	pending, err := p.begin(ctx)
	if err != nil {
		p.status.update(func(f *facts) { f.beginning = false })
		return noLimit
	}
	p.record(ctx, "the code", pendingRecord(pending))
	return p.finish(ctx, pending)
}

// begin asks for a code until there is one. A press cuts a back-off short.
func (p *pairer) begin(ctx context.Context) (deviceauth.Pending, error) {
	began := time.Now()
	p.pace(ctx)
	for n := 0; ; n++ {
		p.clockSet(ctx)
		p.asked = time.Now()
		var pending deviceauth.Pending
		var err error
		p.pulse.await(func() { pending, err = p.o.Auth.Begin(ctx) }, within(requestLimit))
		switch {
		case ctx.Err() != nil:
			return pending, ctx.Err()
		case err == nil:
			p.status.problem("pairer", "", nil)
			p.dropRequest()
			return pending, nil
		}
		p.trouble(err)
		if p.paired() && time.Since(began) > giveUp {
			p.status.problem("pairer", "", nil)
			return pending, err
		}
		wait := backoff(n, time.Second, capUrgent, p.o.Rand)
		wait = max(wait, askedToWait(err))
		if p.pulse.wait(ctx, wait, p.requests, nil) == first {
			n, began = -1, time.Now()
			p.pace(ctx)
		}
	}
}

// pace keeps device authorization requests at least beginEvery apart.
func (p *pairer) pace(ctx context.Context) {
	if !p.asked.IsZero() {
		p.pulse.wait(ctx, time.Until(p.asked.Add(beginEvery)), nil, nil)
	}
}

// clockSet waits for the time to be set, two minutes at most: with NTP blocked only TLS can show whether the time is right.
func (p *pairer) clockSet(ctx context.Context) {
	if p.o.Clock.Set() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	set := make(chan struct{})
	go func() {
		if p.o.Clock.Wait(ctx) == nil {
			close(set)
		}
	}()
	p.pulse.wait(ctx, noLimit, set, p.requests)
}

func (p *pairer) trouble(err error) {
	p.status.problem("pairer", problemOf(kindOf(err), p.o.Clock.Set()), err)
	p.o.Log.Debug("pairing", "err", err)
}

// awaitClock waits for the time to be set, without a limit: without the time it is not known whether a kept code is
// still good.
func (p *pairer) awaitClock(ctx context.Context) {
	for ctx.Err() == nil && !p.o.Clock.Set() {
		p.pulse.wait(ctx, untimedLook, nil, nil)
	}
}

// saved is a code that was pending at the last stop or power cut: the user with the phone can go on with it. The code
// that the present grant came from is over: after a 200 a device code is never sent again.
func (p *pairer) saved(ctx context.Context) (pending deviceauth.Pending, ok bool) {
	b, err := p.o.Store.Pending()
	if err != nil || len(b) == 0 || json.Unmarshal(b, &pending) != nil {
		return pending, false
	}
	if g, gen, _ := p.keeper.current(); gen != 0 && g.Pairing == pairingOf(pending) {
		p.clearCode(ctx)
		return pending, false
	}
	return pending, true
}

// pendingRecord is what the next start needs to go on with a code.
func pendingRecord(pending deviceauth.Pending) func(grants) error {
	b, _ := json.Marshal(pending) // strings and numbers only
	return func(s grants) error { return s.SavePending(b) }
}
