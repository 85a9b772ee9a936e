package deviceauth

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/paird/paird/agent/internal/remote"
)

// deviceGrant is the grant type of RFC 8628 section 3.4: `Value MUST be set to
// "urn:ietf:params:oauth:grant-type:device_code"`.
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

const (
	defaultInterval = 5 * time.Second
	maxInterval     = time.Hour
	slowDownStep    = 5 * time.Second
	maxPollWait     = time.Minute // longest wait of our own while the user holds a phone
	pollGrace       = 2 * time.Second
)

// Wait polls until the user has decided, the codes run out or ctx ends. It returns as soon as the token endpoint has
// answered, so that the caller can make the tokens durable; Verify comes after that. A failure of the network or the
// server is reported to Config.OnWait and waited out; whatever was reported is over when Wait returns. A Pending that was
// kept over a restart resumes; one of another issuer, client or token endpoint is Expired. A request that is under way
// when ctx ends is awaited for 2 s, and what it brings is returned like any other response. The error is the context's, or
// an *Error of Kind Denied, Expired, Misconfigured, ClockUnset, or Server. Where a token response must not be used, the
// Token comes with the error, for the caller to revoke: its access token is not to be used. After a success the device
// code is never sent again.
func (c *Client) Wait(ctx context.Context, p Pending) (Token, error) {
	if err := c.cfg.checkClock("token"); err != nil {
		return Token{}, err
	}
	if !c.cfg.owns(p) {
		return Token{}, &Error{Kind: Expired, Op: "token", Detail: "the pairing was begun with another configuration: pair again"}
	}
	now := time.Now()
	s := c.pollSession(p, now)
	return s.run(ctx, s.afterPending(now))
}

// owns reports whether a session was begun under this configuration.
func (c Config) owns(p Pending) bool {
	return p.DeviceCode != "" && p.Issuer == c.Issuer && p.ClientID == c.ClientID && p.TokenEndpoint != "" &&
		(c.TokenEndpoint == "" || c.TokenEndpoint == p.TokenEndpoint)
}

// pollSession is one device code being polled for.
type pollSession struct {
	pollSchedule
	client    *Client
	pending   Pending
	deadline  time.Time // by the monotonic clock
	failing   bool      // a failure was reported and is not over
	relocated bool      // the token endpoint was not found once
}

func (c *Client) pollSession(p Pending, now time.Time) *pollSession {
	return &pollSession{
		pollSchedule: pollSchedule{interval: min(max(p.Interval, time.Second), maxInterval)},
		client:       c, pending: p, deadline: now.Add(remaining(p, now)),
	}
}

// run polls at next and then as the responses say. RFC 8628 section 3.5: "Before each new request, the client MUST
// wait at least the number of seconds specified by the "interval" parameter of the device authorization response".
func (s *pollSession) run(ctx context.Context, next time.Time) (Token, error) {
	for said := ""; ; {
		if !next.Before(s.deadline) {
			return Token{}, s.expire(ctx)
		}
		s.client.cfg.Log.Debug("next poll", "in", time.Until(next), "interval", s.interval, "expires_in", time.Until(s.deadline), "after", said)
		if err := remote.Wait(ctx, time.Until(next)); err != nil {
			return Token{}, err
		}
		// A poll that is under way when ctx ends may have used up the code, so its response is awaited.
		inFlight, done := remote.Outlive(ctx, pollGrace)
		r, err := s.poll(inFlight)
		done()
		said = r.oauthError.code
		switch {
		case err != nil:
			if next, err = s.afterNoResponse(ctx, err); err != nil {
				return Token{}, err
			}
		case r.ok("access_token"):
			s.report(nil)
			return s.token(r)
		default:
			if next, err = s.afterError(r); err != nil {
				return Token{}, err
			}
		}
	}
}

// expire waits for the end of the session. Until then the user can still enter the code.
func (s *pollSession) expire(ctx context.Context) error {
	if err := remote.Wait(ctx, time.Until(s.deadline)); err != nil {
		return err
	}
	return &Error{Kind: Expired, Op: "token", Detail: "not approved in time: pair again"}
}

// poll sends one access token request (RFC 8628 section 3.4).
func (s *pollSession) poll(ctx context.Context) (oauthResponse, error) {
	cfg := s.client.cfg
	form := url.Values{"grant_type": {deviceGrant}, "device_code": {s.pending.DeviceCode}}
	if s.pending.CodeVerifier != "" {
		form.Set("code_verifier", s.pending.CodeVerifier)
	}
	addResources(form, cfg.Resources)
	bound := cfg.DPoP == "on" || cfg.DPoP == "auto" && s.pending.Bound
	send := func(endpoint string) (oauthResponse, error) {
		return s.client.oauth.tokenRequest(ctx, endpoint, form, bound)
	}
	if s.relocated {
		return send(s.pending.TokenEndpoint)
	}
	r, err := s.client.relocating(ctx, s.pending.TokenEndpoint, tokenEndpoint, send)
	s.relocated = err == nil && (r.notFound() || r.endpoint != s.pending.TokenEndpoint)
	if s.relocated && r.endpoint != s.pending.TokenEndpoint {
		s.pending.TokenEndpoint = r.endpoint
		cfg.OnChange(s.pending)
	}
	return r, err
}

// token makes a Token of the response that ends the session.
func (s *pollSession) token(r oauthResponse) (Token, error) {
	const op = "token"
	c := s.client
	t, notes, err := parseToken(r.fields, c.cfg.scope(), r.arrived)
	c.cfg.logClamped(op, notes)
	t.Issuer, t.ClientID, t.TokenEndpoint = c.cfg.Issuer, c.cfg.ClientID, r.endpoint
	t = c.sealed(t)
	if err != nil {
		return t, r.unusableToken(op, err)
	}
	if missing := missingScopes(c.cfg.scope(), t.Scope); len(missing) > 0 {
		c.cfg.Log.Warn("less was granted than asked for", "missing", strings.Join(missing, " "))
	}
	return t, c.cfg.checkBinding(op, t)
}

// afterNoResponse is the next poll after one without a response, or the error that ends the session. The network and
// the server may work again later. A request that could not even be sent is wrong on this side, and a retry fails too.
func (s *pollSession) afterNoResponse(ctx context.Context, err error) (time.Time, error) {
	_, sent := errors.AsType[*transportError](err)
	err = s.client.http.noResponse(ctx, "token", err)
	e, typed := errors.AsType[*Error](err)
	if !sent || !typed {
		return time.Time{}, err
	}
	s.report(e)
	return s.afterFailure(time.Now(), e.RetryAfter), nil
}

// afterError is the next poll after a response without a token, or the error that ends the session.
func (s *pollSession) afterError(r oauthResponse) (time.Time, error) {
	earliest := r.arrived.Add(r.retryAfter())
	switch r.oauthError.code {
	case "authorization_pending":
		s.report(nil)
		return later(s.afterPending(r.arrived), earliest), nil
	case "slow_down":
		s.report(nil)
		next := s.afterSlowDown(r.arrived, r.oauthError.interval)
		s.pending.Interval = s.interval
		s.client.cfg.OnChange(s.pending)
		return later(next, earliest), nil
	}
	e, final := pollError(r)
	if final {
		return time.Time{}, e
	}
	s.report(e)
	return s.afterFailure(r.arrived, e.RetryAfter), nil
}

// report calls OnWait for each failure, and once when the failures are over.
func (s *pollSession) report(e *Error) {
	if e != nil || s.failing {
		s.client.cfg.OnWait(e)
	}
	s.failing = e != nil
}

// pollSchedule decides when to poll. Its methods take the time at which the response came or the request failed: to a
// server that answers late, an interval counted from the request is too short, and it answers slow_down.
type pollSchedule struct {
	interval time.Duration
	backoff  time.Duration // the latest wait while requests fail, else 0
}

// afterPending is the next poll after authorization_pending.
func (p *pollSchedule) afterPending(now time.Time) time.Time {
	p.backoff = 0
	return now.Add(p.interval)
}

// afterSlowDown is the next poll after slow_down. RFC 8628 section 3.5: "the interval MUST be increased by 5
// seconds for this and all subsequent requests". Some servers name a still longer one.
func (p *pollSchedule) afterSlowDown(now time.Time, named time.Duration) time.Time {
	p.interval = min(max(p.interval+slowDownStep, named), maxInterval)
	return p.afterPending(now)
}

// afterFailure is the next poll after no response, 429 or 5xx. RFC 8628 section 3.5: "On encountering a connection
// timeout, clients MUST unilaterally reduce their polling frequency before retrying ... such as doubling the
// polling interval on each such connection timeout". What the server asks for may exceed our own limit.
func (p *pollSchedule) afterFailure(now time.Time, retryAfter time.Duration) time.Time {
	p.backoff = min(2*max(p.backoff, p.interval), max(maxPollWait, p.interval))
	return now.Add(max(p.backoff, min(retryAfter, remote.LongestRetryAfter)))
}

// later is the later of two moments.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// remaining is how long a session is still good. Within one process the monotonic clock counts; after a
// reboot only the wall clock is there, and one that went back must not lengthen the session.
func remaining(p Pending, now time.Time) time.Duration {
	return min(p.Deadline().Sub(now), clampCodeLifetime(p.ExpiresIn))
}

// clampCodeLifetime keeps a device code's lifetime between a second and an hour.
func clampCodeLifetime(d time.Duration) time.Duration { return min(max(d, time.Second), time.Hour) }
