package deviceauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"
)

// deviceGrant is the grant type of RFC 8628 section 3.4: `Value MUST be set to
// "urn:ietf:params:oauth:grant-type:device_code"`.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// Wait polls until the user has decided, the codes run out or ctx ends. Trouble with the network or the server is
// reported to Config.OnWait and waited out; whatever was reported is over when Wait returns. A Pending that was kept
// over a restart resumes; one of another issuer, client or token endpoint is Expired. The error is the context's, or
// an *Error of Kind Denied, Expired, Misconfigured, ClockUnset, or Server for an answer that must not be used. After a
// success the device code is never sent again.
func (c *Client) Wait(ctx context.Context, p Pending) (Token, error) {
	if err := c.clock("token"); err != nil {
		return Token{}, err
	}
	if !c.owns(p) {
		return Token{}, &Error{Kind: Expired, Op: "token", Detail: "the pairing was begun with another configuration: pair again"}
	}
	w := &waiter{Client: c, p: p, pace: pace{interval: min(max(p.Interval, time.Second), maxInterval)}}
	now := time.Now()
	w.deadline = now.Add(remaining(p, now))
	first := w.pending(now)
	if m, ok := c.recall(); ok && slices.Contains(c.cfg.Scopes, "openid") {
		c.warmKeys(ctx, m)
	}
	return w.run(ctx, first)
}

// owns reports whether a session was begun by this client here.
func (c *Client) owns(p Pending) bool {
	return p.DeviceCode != "" && p.Issuer == c.cfg.Issuer && p.ClientID == c.cfg.ClientID && p.TokenEndpoint != "" &&
		(c.cfg.TokenEndpoint == "" || c.cfg.TokenEndpoint == p.TokenEndpoint)
}

// waiter is one session being waited for.
type waiter struct {
	*Client
	pace
	p        Pending
	deadline time.Time // by the monotonic clock
	troubled bool
}

// run polls at next and then as the answers say. RFC 8628 section 3.5: "Before each new request, the client MUST wait
// at least the number of seconds specified by the "interval" parameter of the device authorization response".
func (w *waiter) run(ctx context.Context, next time.Time) (Token, error) {
	for {
		if !next.Before(w.deadline) {
			return Token{}, w.runOut(ctx)
		}
		if err := sleep(ctx, time.Until(next)); err != nil {
			return Token{}, err
		}
		m, r, err := w.poll(ctx)
		switch {
		case err != nil:
			if next, err = w.missed(ctx, err); err != nil {
				return Token{}, err
			}
		case r.ok("access_token"):
			w.report(nil)
			return w.accept(ctx, m, r)
		default:
			if next, err = w.refused(r); err != nil {
				return Token{}, err
			}
		}
	}
}

// runOut waits for the end of the session. The codes are good until then for whoever reads them.
func (w *waiter) runOut(ctx context.Context) error {
	if err := sleep(ctx, time.Until(w.deadline)); err != nil {
		return err
	}
	return &Error{Kind: Expired, Op: "token", Detail: "nobody approved in time: pair again"}
}

// poll sends one access token request (RFC 8628 section 3.4).
func (w *waiter) poll(ctx context.Context) (Metadata, reply, error) {
	m, err := w.known(ctx)
	if err != nil {
		return Metadata{}, reply{}, err
	}
	if m.TokenEndpoint != w.p.TokenEndpoint {
		return Metadata{}, reply{}, &Error{Kind: Expired, Op: "token", Detail: "the server has moved its token endpoint: pair again"}
	}
	form := url.Values{"grant_type": {deviceGrant}, "device_code": {w.p.DeviceCode}}
	if w.p.CodeVerifier != "" {
		form.Set("code_verifier", w.p.CodeVerifier)
	}
	addResources(form, w.cfg.Resources)
	r, err := w.tokenRequest(ctx, w.p.TokenEndpoint, form, m.dpop(w.cfg.DPoP))
	return m, r, err
}

// missed is the next poll after one without an answer, or the error that ends the session. Whatever stands between
// us and the server may go away again; what is wrong here, or with the session, stays.
func (w *waiter) missed(ctx context.Context, err error) (time.Time, error) {
	e, judged := errors.AsType[*Error](err)
	_, unanswered := errors.AsType[*failure](err)
	if !judged {
		err = w.unanswered(ctx, "token", err)
		if e, judged = errors.AsType[*Error](err); !judged {
			return time.Time{}, err
		}
	}
	if !unanswered && (!transient(e) || e.Kind == Expired) {
		return time.Time{}, e
	}
	w.report(e)
	return w.trouble(time.Now(), e.RetryAfter), nil
}

// refused is the next poll after an answer without a token, or the error that ends the session.
func (w *waiter) refused(r reply) (time.Time, error) {
	asked := r.arrived.Add(retryAfter(r.header.Get("Retry-After"), r.arrived))
	switch r.refusal.code {
	case "authorization_pending":
		w.report(nil)
		return later(w.pending(r.arrived), asked), nil
	case "slow_down":
		w.report(nil)
		next := w.slowDown(r.arrived, r.refusal.interval)
		w.p.Interval = w.interval
		w.cfg.OnChange(w.p)
		return later(next, asked), nil
	}
	e, final := pollVerdict(r.answer, r.refusal)
	if final {
		return time.Time{}, e
	}
	w.report(e)
	return w.trouble(r.arrived, e.RetryAfter), nil
}

// report tells of trouble each time, of its end once.
func (w *waiter) report(e *Error) {
	if e != nil || w.troubled {
		w.cfg.OnWait(e)
	}
	w.troubled = e != nil
}
