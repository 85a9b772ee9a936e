package deviceauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
)

// Refresh exchanges the refresh token for new tokens (RFC 6749 section 6), in one attempt. What the answer leaves
// out stays as it was: the refresh token, the scope, who it is. The error is the context's as long as nothing was
// sent, or an *Error: ClockUnset, NoNetwork, TLS, CaptivePortal and Server mean later, Misconfigured that a person
// must act, Gone that the grant ended, Doubtful that it may have, Lost that the answer was lost and the same token is
// to be sent again at once.
func (c *Client) Refresh(ctx context.Context, t Token) (Token, error) {
	fresh, m, err := c.renew(ctx, t, url.Values{}, c.cfg.Resources, t.IDToken != "")
	if err != nil {
		return Token{}, err
	}
	raw := fresh.IDToken
	fresh.IDToken, fresh.Subject, fresh.Name, fresh.Claims = t.IDToken, t.Subject, t.Name, t.Claims
	if e := c.bindingRefused("refresh", fresh); e != nil {
		return Token{}, e
	}
	ctx, cancel := context.WithTimeout(ctx, identifyLimit) // the rotated tokens wait to be stored
	defer cancel()
	who, err := c.identify(ctx, m, raw)
	if err == nil && raw != "" {
		err = sameAccount(t, who)
	}
	if err != nil {
		c.cfg.Log.Warn("refreshed ID token ignored, the tokens are kept", "error", err)
		return fresh, nil
	}
	return who.onto(fresh), nil
}

// sameAccount obeys OpenID Connect Core section 12.2: "its sub Claim Value MUST be the same as in the ID Token
// issued when the original authentication occurred". The issuer is compared when it is verified.
func sameAccount(old Token, who identity) error {
	if old.Subject != "" && who.subject != old.Subject {
		return errors.New("it is of another account")
	}
	return nil
}

// renew sends one refresh request with the given further parameters.
func (c *Client) renew(ctx context.Context, t Token, form url.Values, resources []string, warm bool) (Token, Metadata, error) {
	const op = "refresh"
	if err := c.refreshable(t); err != nil {
		return Token{}, Metadata{}, err
	}
	m := c.settled(ctx)
	if warm {
		c.warmKeys(ctx, m)
	}
	form.Set("grant_type", "refresh_token")
	form.Set("refresh_token", t.RefreshToken)
	addResources(form, resources)
	if ctx.Err() != nil {
		return Token{}, Metadata{}, ctx.Err()
	}
	r, err := c.tokenRequest(ctx, t.TokenEndpoint, form, t.TokenType == "DPoP")
	if err != nil {
		return Token{}, Metadata{}, c.lostOr(ctx, op, err)
	}
	fresh, err := c.renewed(t, form.Get("scope"), r)
	return fresh, m, err
}

// refreshable refuses what must not be sent: RFC 6749 section 10.4, a refresh token is bound to the client to which
// it was issued, and goes only to where it came from.
func (c *Client) refreshable(t Token) error {
	const op = "refresh"
	switch {
	case c.clock(op) != nil:
		return c.clock(op)
	case t.Issuer != c.cfg.Issuer, t.ClientID != c.cfg.ClientID, t.TokenEndpoint == "",
		c.cfg.TokenEndpoint != "" && t.TokenEndpoint != c.cfg.TokenEndpoint:
		return &Error{Kind: Misconfigured, Op: op, Detail: "the grant belongs to another issuer, client or token endpoint: pair again, or set back the configuration"}
	case t.RefreshToken == "":
		return &Error{Kind: Gone, Op: op, Detail: "there is no refresh token: pair again, and ask for offline_access if the server knows it"}
	case c.cfg.DPoP == "on" && t.TokenType != "DPoP":
		return &Error{Kind: Misconfigured, Op: op, Detail: "the grant is not bound to a key: pair again, or switch DPoP off"}
	}
	return nil
}

// lostOr tells a lost answer from a request that never went out.
func (c *Client) lostOr(ctx context.Context, op string, err error) error {
	f, ok := errors.AsType[*failure](err)
	if !ok || !f.sent {
		return c.unanswered(ctx, op, err)
	}
	return &Error{Kind: Lost, Op: op, Err: f.err, Detail: "the answer of " + f.host + " was lost: the same request goes out again"}
}

// renewed makes a Token of the answer to a refresh of t.
func (c *Client) renewed(t Token, scope string, r reply) (Token, error) {
	const op = "refresh"
	if !r.ok("access_token") {
		if r.status == http.StatusOK && r.refusal.code == "" {
			return Token{}, foreign(op, r.answer)
		}
		return Token{}, refreshVerdict(r.answer, r.refusal)
	}
	fresh, notes, err := parseToken(r.fields, cmp.Or(scope, t.Scope), r.arrived)
	if err != nil {
		return Token{}, &Error{Kind: Server, Op: op, Err: err, Detail: r.from.Host + " gave a token that cannot be used: " + err.Error()}
	}
	c.note(op, notes)
	// RFC 6749 section 6: "The authorization server MAY issue a new refresh token": else the old one stays.
	fresh.RefreshToken = cmp.Or(fresh.RefreshToken, t.RefreshToken)
	fresh.Issuer, fresh.ClientID, fresh.TokenEndpoint = t.Issuer, t.ClientID, t.TokenEndpoint
	return fresh, nil
}
