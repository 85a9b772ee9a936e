package deviceauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// userinfoLimit is how long a pairing waits for a name.
const userinfoLimit = 5 * time.Second

// userinfoName asks the userinfo endpoint for a name of the account (OpenID Connect Core section 5.3), once. It is ""
// where the endpoint gives none: a name is not worth an error.
func (c *Client) userinfoName(ctx context.Context, t Token) string {
	ctx, cancel := context.WithTimeout(ctx, userinfoLimit)
	defer cancel()
	header := http.Header{"Authorization": {t.TokenType + " " + t.AccessToken}}
	if t.TokenType == "DPoP" {
		if err := c.oauth.dpop.prove(header, http.MethodGet, t.UserinfoEndpoint, t.AccessToken, time.Now()); err != nil {
			return ""
		}
	}
	r, err := c.http.get(ctx, t.UserinfoEndpoint, header)
	if err != nil || r.status != http.StatusOK || len(r.body) > bodyLimit {
		c.cfg.Log.Debug("no userinfo", "endpoint", withoutQuery(t.UserinfoEndpoint))
		return ""
	}
	name, err := parseUserinfo(r.body, t.Subject)
	if err != nil {
		c.cfg.Log.Debug("userinfo ignored", "error", err)
	}
	return name
}

// parseUserinfo is the name in a userinfo response. OpenID Connect Core section 5.3.2: "The sub Claim in the UserInfo
// Response MUST be verified to exactly match the sub Claim in the ID Token; if they do not match, the UserInfo Response
// values MUST NOT be used."
func parseUserinfo(body []byte, subject string) (string, error) {
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil {
		return "", errors.New("no JSON object: it may be signed")
	}
	if sub, ok := claims["sub"].(string); !ok || sub == "" || sub != subject {
		return "", errors.New("its sub is not that of the ID token")
	}
	return accountName(claims), nil
}
