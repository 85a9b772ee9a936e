package deviceauth

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

const (
	revokeTries = 3
	revokeWait  = time.Second
)

// Revoke tells the server to forget the grant (RFC 7009): its refresh token or, where there is none, its access
// token. It is best effort; the error says in its detail what came of it and what the user can do. A server that is
// not available is asked again, as long as ctx lets it.
func (c *Client) Revoke(ctx context.Context, t Token) error {
	const op = "revocation"
	if t.Issuer != c.cfg.Issuer || t.ClientID != c.cfg.ClientID {
		return &Error{Kind: Misconfigured, Op: op, Detail: "the grant belongs to another issuer or client: remove the device in your account"}
	}
	m, err := c.known(ctx)
	if err != nil {
		return err
	}
	if m.RevocationEndpoint == "" {
		return &Error{Kind: Misconfigured, Op: op, Detail: "the server has no revocation endpoint: remove the device in your account"}
	}
	form := url.Values{"token": {t.RefreshToken}, "token_type_hint": {"refresh_token"}}
	if t.RefreshToken == "" {
		form = url.Values{"token": {t.AccessToken}, "token_type_hint": {"access_token"}}
	}
	return c.revoke(ctx, m.RevocationEndpoint, form)
}

// revoke asks until there is an answer. RFC 7009 section 2.2.1: "If the server responds with HTTP status code 503,
// the client must assume the token still exists and may retry after a reasonable delay."
func (c *Client) revoke(ctx context.Context, endpoint string, form url.Values) error {
	for try := 1; ; try++ {
		again, e := c.revokeOnce(ctx, endpoint, form)
		if e == nil || !again || try == revokeTries {
			return e
		}
		wait := revokeWait
		if asked, ok := e.(*Error); ok {
			wait = max(wait, asked.RetryAfter)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait || sleep(ctx, wait) != nil {
			return e
		}
	}
}

func (c *Client) revokeOnce(ctx context.Context, endpoint string, form url.Values) (again bool, err error) {
	const op = "revocation"
	r, err := c.request(ctx, endpoint, form, http.Header{})
	switch {
	case err != nil:
		return true, c.unanswered(ctx, op, err)
	// RFC 7009 section 2.2: "The authorization server responds with HTTP status code 200 if the token has been revoked
	// successfully or if the client submitted an invalid token."
	case r.status == http.StatusOK && r.refusal.code == "" && !webPage(r.answer), r.status == http.StatusNoContent:
		return false, nil
	case r.status == http.StatusServiceUnavailable:
		return true, foreign(op, r.answer)
	case overloaded(r.status) || r.status < 400 && r.refusal.code == "":
		return false, foreign(op, r.answer)
	}
	return false, refused(Misconfigured, op, r.answer, r.refusal, "remove the device in your account")
}
