package provider

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// tokenResponse is RFC 6749 section 5.1.
type tokenResponse struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
}

func (p *Provider) token(c *Client, form params) (any, *oauthError) {
	switch form["grant_type"] {
	case "":
		return nil, bad("invalid_request", "grant_type is missing")
	case grantDevice:
		return p.deviceGrant(c, form)
	case grantRefresh:
		return p.refreshGrant(c, form)
	}
	return nil, bad("unsupported_grant_type", "device_code and refresh_token are")
}

// deviceGrant answers a poll (RFC 8628 sections 3.4 and 3.5).
func (p *Provider) deviceGrant(c *Client, form params) (any, *oauthError) {
	if form["device_code"] == "" {
		return nil, bad("invalid_request", "device_code is missing")
	}
	a := p.codes.byDevice[digestOf(form["device_code"])]
	if a == nil || a.client != c || a.state == used {
		return nil, bad("invalid_grant", "unknown device code")
	}
	if !a.verifies(form["code_verifier"]) {
		return nil, bad("invalid_grant", "code_verifier does not match") // RFC 7636 section 4.6
	}
	if oerr := p.poll(a, p.opt.Now()); oerr != nil {
		return nil, oerr
	}
	a.state = used
	g := &grant{request: a.request, user: a.user, authTime: a.authTime}
	p.emit(Tokens, g.request, g.user.Name)
	refresh := ""
	if g.scope.has(scopeOffline) {
		g.expires = p.opt.Now().Add(p.opt.RefreshLifetime)
		refresh = p.grants.issue(g, p.opt.Now())
	}
	return p.respond(g, g.scope, g.audience, refresh)
}

// poll returns why there are no tokens yet, or nil.
func (p *Provider) poll(a *authorization, now time.Time) *oauthError {
	early := now.Before(a.nextPoll)
	switch {
	case a.state == denied:
		return bad("access_denied", "the user said no")
	case !now.Before(a.expires):
		p.emit(CodeExpired, a.request, "")
		return bad("expired_token", "the code has expired; begin again")
	case a.state == approved:
		return nil
	case early:
		// Section 3.5: "the interval MUST be increased by 5 seconds for this and all subsequent
		// requests."
		a.interval += 5 * time.Second
		a.nextPoll = now.Add(a.interval)
		return bad("slow_down", "poll less often")
	}
	a.nextPoll = now.Add(a.interval)
	return bad("authorization_pending", "the user has not decided yet")
}

// refreshGrant answers RFC 6749 section 6 with the rotation of RFC 9700 section 4.14.2.
func (p *Provider) refreshGrant(c *Client, form params) (any, *oauthError) {
	if form["refresh_token"] == "" {
		return nil, bad("invalid_request", "refresh_token is missing")
	}
	now := p.opt.Now()
	g, u := p.grants.find(form["refresh_token"], c, p.opt.Rotation.Grace, now)
	switch u {
	case unknown:
		return nil, bad("invalid_grant", "unknown refresh token")
	case reused:
		// RFC 9700 section 4.14.2: the server "cannot determine which party submitted the invalid
		// refresh token, but it will revoke the active refresh token."
		p.grants.end(g)
		p.emit(Reused, g.request, g.user.Name)
		return nil, bad("invalid_grant", "this refresh token was used before; the grant is ended")
	}
	scope, oerr := narrowed(g.scope, form["scope"])
	if oerr != nil {
		return nil, oerr
	}
	audience := g.audience
	if form["resource"] != "" {
		if audience, oerr = p.audienceOf(form["resource"]); oerr != nil {
			return nil, oerr
		}
	}
	p.emit(Refreshed, g.request, g.user.Name)
	return p.respond(g, scope, audience, p.rotate(g, u, now))
}

// rotate returns the refresh token to send, "" for the one the client has.
func (p *Provider) rotate(g *grant, u use, now time.Time) string {
	g.expires = now.Add(p.opt.RefreshLifetime)
	switch {
	case p.opt.Rotation.Off:
		return ""
	case u == repeated:
		return p.grants.reissue(g, now)
	}
	return p.grants.issue(g, now)
}

func (p *Provider) respond(g *grant, scope scopes, audience, refresh string) (any, *oauthError) {
	now := p.opt.Now()
	access, err := p.keys.sign(typeAccess, p.accessClaims(g, scope, audience, now))
	id := ""
	if err == nil && scope.has(scopeOpenID) {
		id, err = p.keys.sign(typeID, p.idClaims(g, scope, now))
	}
	if err != nil {
		return nil, &oauthError{http.StatusInternalServerError, "server_error", "cannot sign"}
	}
	return tokenResponse{
		AccessToken:  access,
		TokenType:    "Bearer",
		ExpiresIn:    int(p.opt.AccessLifetime.Seconds()),
		RefreshToken: refresh,
		IDToken:      id,
		Scope:        scope.String(),
	}, nil
}

// revoke ends a grant by its refresh token (RFC 7009). Access tokens are signed and short-lived and
// cannot be called back: section 2.2.1 has unsupported_token_type for that.
func (p *Provider) revoke(c *Client, form params) (any, *oauthError) {
	token := form["token"]
	if token == "" {
		return nil, bad("invalid_request", "token is missing")
	}
	if _, ok := p.keys.verify(token, p.opt.Issuer, p.opt.Now()); ok {
		return nil, bad("unsupported_token_type", "an access token ends by itself; revoke the refresh token")
	}
	g := p.grants.byToken[digestOf(token)]
	if g == nil {
		// Section 2.2: "invalid tokens do not cause an error response".
		return struct{}{}, nil
	}
	if g.client != c {
		// Section 2.1: the server "verifies whether the token was issued to the client making the
		// revocation request. If this validation fails, the request is refused".
		return nil, bad("invalid_request", "the token is not this client's")
	}
	p.grants.end(g)
	p.emit(Revoked, g.request, g.user.Name)
	return struct{}{}, nil
}

// The scopes this provider gives a meaning; a client may have others of its own.
const (
	scopeOpenID  = "openid"
	scopeProfile = "profile"
	scopeEmail   = "email"
	scopeOffline = "offline_access"

	scopeTelemetry = "telemetry" // the lab's own: what its broker asks for
)

type scopes []string

func (s scopes) has(name string) bool { return slices.Contains(s, name) }
func (s scopes) String() string       { return strings.Join(s, " ") }

// scopeOf reads `scope`. RFC 6749 section 3.3: without one the server must "either process the request
// using a pre-defined default value or fail"; the default is openid.
func scopeOf(c *Client, asked string) (scopes, *oauthError) {
	if asked == "" {
		asked = scopeOpenID
	}
	var s scopes
	for name := range strings.SplitSeq(asked, " ") {
		if !slices.Contains(c.Scopes, name) {
			return nil, bad("invalid_scope", "this client may not ask for that scope")
		}
		if !s.has(name) {
			s = append(s, name)
		}
	}
	return s, nil
}

// narrowed is the scope of a refresh. RFC 6749 section 6: it "MUST NOT include any scope not originally
// granted by the resource owner, and if omitted is treated as equal to the scope originally
// granted".
func narrowed(granted scopes, asked string) (scopes, *oauthError) {
	if asked == "" {
		return granted, nil
	}
	s := scopes(strings.Split(asked, " "))
	for _, name := range s {
		if !granted.has(name) {
			return nil, bad("invalid_scope", "wider than what was granted")
		}
	}
	return s, nil
}
