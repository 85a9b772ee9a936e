package deviceauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/agent/internal/oneline"
)

// A token's expires_in is taken as one of these where it is shorter or longer. A refresh is written to flash: tokens
// that last microseconds would wear it out.
const (
	minTokenLifetime = 2 * time.Second
	maxTokenLifetime = 10 * 365 * 24 * time.Hour
)

var errNoToken = errors.New("access_token is missing or has characters that RFC 6749 appendix A.12 forbids")

// parseToken reads a successful token response (RFC 6749 section 5.1) that came at now. asked is the scope of
// the request: RFC 6749 section 5.1, "scope OPTIONAL, if identical to the scope requested by the client". With an error
// the Token has what the response held, because its refresh token may be the only one that is still good.
func parseToken(f fields, asked string, now time.Time) (t Token, notes []string, err error) {
	t = Token{
		AccessToken:  f.str("access_token"),
		RefreshToken: f.str("refresh_token"),
		IDToken:      f.str("id_token"),
		Scope:        grantedScope(f.str("scope"), asked),
	}
	t.Lifetime, notes = tokenLifetime(f)
	if t.Lifetime > 0 {
		t.Expiry = now.Add(t.Lifetime)
	}
	if t.TokenType, err = tokenType(f.str("token_type")); err != nil {
		return t, notes, err
	}
	if t.AccessToken == "" || strings.ContainsFunc(t.AccessToken, func(r rune) bool { return r < ' ' || r > '~' }) {
		return t, notes, errNoToken
	}
	return t, notes, nil
}

// tokenType obeys RFC 6749 section 5.1, "Value is case insensitive", and section 7.1: "The client MUST NOT use
// an access token if it does not understand the token type." Servers that name none mean Bearer.
func tokenType(s string) (string, error) {
	switch strings.ToLower(s) {
	case "bearer", "":
		return "Bearer", nil
	case "dpop":
		return "DPoP", nil
	}
	return "", fmt.Errorf("token_type %q is neither Bearer nor DPoP", legal(oneline.Clean(s, 32)))
}

// tokenLifetime is zero where the server does not say: such a token is used until it is refused.
func tokenLifetime(f fields) (time.Duration, []string) {
	d, ok := f.seconds("expires_in")
	switch {
	case !ok:
		return 0, nil
	case d <= 0:
		return 0, []string{fmt.Sprintf("expires_in %v of a token taken as unknown", d)}
	case d < minTokenLifetime:
		return minTokenLifetime, []string{fmt.Sprintf("expires_in %v of a token taken as %v", d, minTokenLifetime)}
	case d > maxTokenLifetime:
		return maxTokenLifetime, []string{fmt.Sprintf("expires_in %v of a token taken as %v", d, maxTokenLifetime)}
	}
	return d, nil
}

// grantedScope is the scope of a response. A list with commas (GitHub) becomes one with spaces; what is no scope token
// is left out.
func grantedScope(granted, asked string) string {
	tokens := slices.DeleteFunc(strings.Fields(granted), func(s string) bool { return !scopeToken(s) })
	if len(tokens) == 0 {
		return asked
	}
	if len(tokens) == 1 && !slices.Contains(strings.Fields(asked), tokens[0]) {
		tokens = strings.FieldsFunc(tokens[0], func(r rune) bool { return r == ',' })
	}
	return strings.Join(tokens, " ")
}

// scopeToken reports whether s is 1*( %x21 / %x23-5B / %x5D-7E ), RFC 6749 section 3.3.
func scopeToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// missingScopes are those of asked that granted lacks, but for the two that servers act on and do not repeat.
func missingScopes(asked, granted string) []string {
	has := append(strings.Fields(granted), "openid", "offline_access")
	return slices.DeleteFunc(strings.Fields(asked), func(s string) bool { return slices.Contains(has, s) })
}

// checkBinding refuses a bearer token where the configuration wants a bound one.
func (c Config) checkBinding(op string, t Token) error {
	if c.DPoP != "on" || t.TokenType == "DPoP" {
		return nil
	}
	return &Error{Kind: Misconfigured, Op: op, Detail: "the server does not bind tokens to keys: switch DPoP on there, or off here"}
}

// Refresh exchanges the refresh token for new tokens (RFC 6749 section 6), in one attempt. It returns as soon as the
// token endpoint has responded, so that the caller can make the tokens durable; Verify comes after that. What the
// response leaves out stays as it was: the refresh token, the scope, the ID token; who it is stays until Verify.
//
// The error is the context's as long as nothing was sent, or an *Error. Its Kind says what to do:
//
//   - ClockUnset, NoNetwork, TLS, CaptivePortal, Server: try again later
//   - Misconfigured: a person must act
//   - Gone: the grant ended
//   - Doubtful: the grant may have ended
//   - Lost: the response was lost; send the same token again at once
//
// A Token may come with the error: the response was a 200 with a new refresh token and a fault elsewhere. That refresh
// token is to be stored, because the old one may be spent; the access token is not to be used.
func (c *Client) Refresh(ctx context.Context, t Token) (Token, error) {
	fresh, err := c.renew(ctx, t, url.Values{}, c.cfg.Resources)
	if fresh.RefreshToken == "" {
		return Token{}, err
	}
	fresh.Subject, fresh.Name, fresh.Claims = t.Subject, t.Name, t.Claims
	if fresh.IDToken == "" {
		fresh.IDToken, fresh.Verified = t.IDToken, t.Verified
	}
	if err == nil {
		err = c.cfg.checkBinding("refresh", fresh)
	}
	return fresh, err
}

// AudienceRequest names a further access token: for another resource (RFC 8707 section 2.2), of other scopes, or
// both. What it asks for must have been asked for at pairing (Config.FurtherScopes, FurtherResources).
type AudienceRequest struct {
	Resource string
	Scopes   []string
}

// Audience gets a further access token by a refresh of grant. The audience token has no refresh token of its own;
// rotated is the grant with the refresh token that the server may have replaced: the caller stores it before it uses
// either, also where it comes with an error. Errors are those of Refresh; Misconfigured where the server does not give
// that audience.
func (c *Client) Audience(ctx context.Context, grant Token, req AudienceRequest) (audience, rotated Token, err error) {
	form := url.Values{}
	if len(req.Scopes) > 0 {
		form.Set("scope", strings.Join(req.Scopes, " "))
	}
	resources := c.cfg.Resources
	if req.Resource != "" {
		if err := checkResource(req.Resource); err != nil {
			return Token{}, Token{}, &Error{Kind: Misconfigured, Op: "refresh", Detail: err.Error(), Err: err}
		}
		resources = []string{req.Resource}
	}
	audience, err = c.renew(ctx, grant, form, resources)
	if audience.RefreshToken != "" {
		rotated = grant
		rotated.RefreshToken, rotated.TokenEndpoint = audience.RefreshToken, audience.TokenEndpoint
	}
	if err != nil {
		return Token{}, rotated, err
	}
	audience.RefreshToken, audience.IDToken = "", ""
	return audience, rotated, nil
}

// renew sends one refresh request with the given further parameters.
func (c *Client) renew(ctx context.Context, t Token, form url.Values, resources []string) (Token, error) {
	if err := c.cfg.refreshable(t); err != nil {
		return Token{}, err
	}
	form.Set("grant_type", "refresh_token")
	form.Set("refresh_token", t.RefreshToken)
	addResources(form, resources)
	if ctx.Err() != nil {
		return Token{}, ctx.Err()
	}
	r, err := c.relocating(ctx, t.TokenEndpoint, tokenEndpoint, func(endpoint string) (oauthResponse, error) {
		return c.oauth.tokenRequest(ctx, endpoint, form, t.TokenType == "DPoP")
	})
	if err != nil {
		return Token{}, c.http.lostOr(ctx, "refresh", err)
	}
	return c.renewed(t, form.Get("scope"), r)
}

// refreshable refuses what must not be sent: RFC 6749 section 10.4, a refresh token is bound to the client to which
// it was issued, and goes only to where it came from. A clock that is not set is no reason: it may have been stepped back
// while the device is paired, and TLS refuses certificates that do not fit it.
func (c Config) refreshable(t Token) error {
	const op = "refresh"
	switch {
	case t.Issuer != c.Issuer, t.ClientID != c.ClientID, t.TokenEndpoint == "",
		c.TokenEndpoint != "" && t.TokenEndpoint != c.TokenEndpoint:
		return &Error{Kind: Misconfigured, Op: op, Detail: "the grant belongs to another issuer, client or token endpoint: pair again, or set back the configuration"}
	case t.RefreshToken == "":
		return &Error{Kind: Gone, Op: op, Detail: "there is no refresh token: pair again, and ask for offline_access if the server knows it"}
	case c.DPoP == "on" && t.TokenType != "DPoP":
		return &Error{Kind: Misconfigured, Op: op, Detail: "the grant is not bound to a key: pair again, or switch DPoP off"}
	}
	return nil
}

// renewed makes a Token of the response to a refresh of t.
func (c *Client) renewed(t Token, scope string, r oauthResponse) (Token, error) {
	const op = "refresh"
	if r.status != http.StatusOK || r.oauthError.code != "" {
		return Token{}, refreshError(r)
	}
	fresh, notes, err := parseToken(r.fields, cmp.Or(scope, t.Scope), r.arrived)
	if fresh.AccessToken == "" && fresh.RefreshToken == "" {
		return Token{}, notOAuth(op, r.response)
	}
	c.cfg.logClamped(op, notes)
	fresh.Issuer, fresh.ClientID, fresh.TokenEndpoint = t.Issuer, t.ClientID, r.endpoint
	fresh.RevocationEndpoint, fresh.UserinfoEndpoint = t.RevocationEndpoint, t.UserinfoEndpoint
	fresh = c.sealed(fresh)
	if err != nil {
		return fresh, r.unusableToken(op, err)
	}
	// RFC 6749 section 6: "The authorization server MAY issue a new refresh token": else the old one stays.
	fresh.RefreshToken = cmp.Or(fresh.RefreshToken, t.RefreshToken)
	return fresh, nil
}
