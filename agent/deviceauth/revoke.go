package deviceauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/paird/paird/agent/internal/remote"
)

const (
	revokeTries = 3
	revokeWait  = time.Second
)

// Revoke asks the server to end the grant (RFC 7009): its refresh token or, where there is none, its access
// token. It is best effort; the error says in its detail what came of it and what the user can do. A server that is
// not available is asked again, as long as ctx lets it.
func (c *Client) Revoke(ctx context.Context, t Token) error {
	const op = "revocation"
	if t.Issuer != c.cfg.Issuer || t.ClientID != c.cfg.ClientID {
		return &Error{Kind: Misconfigured, Op: op, Detail: "the grant belongs to another issuer or client: remove the device in your account"}
	}
	endpoint, err := c.revocationEndpoint(ctx, t)
	if err != nil {
		return err
	}
	if endpoint == "" {
		return &Error{Kind: Misconfigured, Op: op, Detail: "the server has no revocation endpoint: remove the device in your account"}
	}
	form := url.Values{"token": {t.RefreshToken}, "token_type_hint": {"refresh_token"}}
	if t.RefreshToken == "" {
		form = url.Values{"token": {t.AccessToken}, "token_type_hint": {"access_token"}}
	}
	return c.revoke(ctx, endpoint, t.TokenEndpoint, form)
}

// revocationEndpoint is the one that is sealed with the grant, else what trusted metadata says.
func (c *Client) revocationEndpoint(ctx context.Context, t Token) (string, error) {
	if endpoint := c.sealed(t).RevocationEndpoint; endpoint != "" {
		return endpoint, nil
	}
	m, err := c.metadata.trusted(ctx)
	return m.RevocationEndpoint, err
}

// revoke asks until there is a response. RFC 7009 section 2.2.1: "If the server responds with HTTP status code 503,
// the client must assume the token still exists and may retry after a reasonable delay."
func (c *Client) revoke(ctx context.Context, endpoint, tokenEndpoint string, form url.Values) error {
	for try := 1; ; try++ {
		again, e := c.revokeOnce(ctx, endpoint, tokenEndpoint, form)
		if e == nil || !again || try == revokeTries {
			return e
		}
		wait := revokeWait
		if typed, ok := errors.AsType[*Error](e); ok {
			wait = max(wait, typed.RetryAfter)
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait || remote.Wait(ctx, wait) != nil {
			return e
		}
	}
}

func (c *Client) revokeOnce(ctx context.Context, endpoint, tokenEndpoint string, form url.Values) (again bool, err error) {
	const op = "revocation"
	r, err := c.relocating(ctx, endpoint, revocationEndpoint, func(endpoint string) (oauthResponse, error) {
		return c.oauth.request(ctx, endpoint, tokenEndpoint, form, http.Header{})
	})
	switch {
	case err != nil:
		return true, c.http.noResponse(ctx, op, err)
	// RFC 7009 section 2.2: "The authorization server responds with HTTP status code 200 if the token has been revoked
	// successfully or if the client submitted an invalid token."
	case r.status == http.StatusOK && r.oauthError.code == "" && !webPage(r.response), r.status == http.StatusNoContent:
		return false, nil
	case r.status == http.StatusServiceUnavailable:
		return true, notOAuth(op, r.response)
	case overloaded(r.status) || r.status < 400 && r.oauthError.code == "":
		return false, notOAuth(op, r.response)
	}
	return false, r.failed(Misconfigured, op, "remove the device in your account")
}
