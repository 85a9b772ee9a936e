package provider

import (
	"net/http"
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
	if oerr := p.poll(a, p.opt.Now()); oerr != nil {
		return nil, oerr
	}
	a.state = used
	g := &grant{subjectMatter: a.subjectMatter, user: a.user, authTime: a.authTime}
	p.emit(Tokens, g.subjectMatter, g.user.Name)
	refresh := ""
	if g.scope.has(scopeOffline) {
		g.expires = p.opt.Now().Add(p.opt.RefreshLifetime)
		refresh = p.grants.issue(g, p.opt.Now())
	}
	return p.respond(g, g.scope, g.audience, refresh)
}

// poll says why there are no tokens yet, or nil.
func (p *Provider) poll(a *authorization, now time.Time) *oauthError {
	early := now.Before(a.nextPoll)
	switch {
	case a.state == denied:
		return bad("access_denied", "the user said no")
	case !now.Before(a.expires):
		p.emit(CodeExpired, a.subjectMatter, "")
		return bad("expired_token", "the code ran out; begin again")
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
	g, v := p.grants.judge(form["refresh_token"], c, p.opt.Rotation.Grace, now)
	switch v {
	case foreign:
		return nil, bad("invalid_grant", "unknown refresh token")
	case reused:
		// RFC 9700 section 4.14.2: the server "cannot determine which party submitted the invalid
		// refresh token, but it will revoke the active refresh token."
		p.grants.end(g)
		p.emit(Reused, g.subjectMatter, g.user.Name)
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
	p.emit(Refreshed, g.subjectMatter, g.user.Name)
	return p.respond(g, scope, audience, p.rotate(g, v, now))
}

// rotate returns the refresh token to send, "" for the one the client has.
func (p *Provider) rotate(g *grant, v verdict, now time.Time) string {
	g.expires = now.Add(p.opt.RefreshLifetime)
	switch {
	case p.opt.Rotation.Off:
		return ""
	case v == again:
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
