package deviceauth

import (
	"context"
	"net/url"
	"strings"
)

// AudienceRequest names a further access token: for another resource (RFC 8707 section 2.2), of other scopes, or
// both. What it asks for must have been asked for at pairing (Config.FurtherScopes, FurtherResources).
type AudienceRequest struct {
	Resource string
	Scopes   []string
}

// Audience gets a further access token by a refresh of grant. The audience token has no refresh token of its own;
// rotated is the grant with the refresh token that the server may have replaced: the caller stores it before it uses
// either. Errors are those of Refresh; Misconfigured where the server does not give that audience.
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
	audience, _, err = c.renew(ctx, grant, form, resources, false)
	if err != nil {
		return Token{}, Token{}, err
	}
	rotated = grant
	rotated.RefreshToken = audience.RefreshToken
	audience.RefreshToken, audience.IDToken = "", ""
	return audience, rotated, nil
}
