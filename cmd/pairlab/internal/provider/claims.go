package provider

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
)

// accessClaims are those of RFC 9068 section 2.2, with the user's name and the device's id so that a
// broker can say whose messages they are.
type accessClaims struct {
	jwt.Claims
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
	Name     string `json:"name,omitempty"`
	DeviceID string `json:"device_id,omitempty"`
}

// profile are the claims about a person (OpenID Connect Core 1.0 section 5.4).
type profile struct {
	Name              string `json:"name,omitempty"`
	PreferredUsername string `json:"preferred_username,omitempty"`
	Email             string `json:"email,omitempty"`
}

type idClaims struct {
	jwt.Claims
	profile
	AuthTime int64 `json:"auth_time"`
}

func (p *Provider) registered(g *grant, audience string, now time.Time) jwt.Claims {
	return jwt.Claims{
		Issuer:   p.opt.Issuer,
		Subject:  g.user.Subject,
		Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(p.opt.AccessLifetime)),
	}
}

func (p *Provider) accessClaims(g *grant, s scopes, audience string, now time.Time) accessClaims {
	c := accessClaims{
		Claims:   p.registered(g, audience, now),
		ClientID: g.client.ID,
		Scope:    s.String(),
		Name:     profileOf(g.user, s).Name,
		DeviceID: g.device.id,
	}
	c.ID = rand.Text()
	return c
}

func (p *Provider) idClaims(g *grant, s scopes, now time.Time) idClaims {
	return idClaims{
		Claims:   p.registered(g, g.client.ID, now),
		profile:  profileOf(g.user, s),
		AuthTime: g.authTime.Unix(),
	}
}

func profileOf(u *User, s scopes) profile {
	var c profile
	if s.has(scopeProfile) {
		c.Name, c.PreferredUsername = u.Name, u.Username
	}
	if s.has(scopeEmail) {
		c.Email = u.Email
	}
	return c
}

// userinfo is OpenID Connect Core 1.0 section 5.3, with the token in the header (RFC 6750 section 2.1).
func (p *Provider) userinfo(r *http.Request) answer {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	c, ok := p.keys.verify(token, p.opt.Issuer, p.opt.Now())
	s := scopes(strings.Split(c.Scope, " "))
	if !ok || !s.has(scopeOpenID) {
		a := answer{status: http.StatusUnauthorized, header: http.Header{}}
		a.header.Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		return a
	}
	for _, u := range p.users {
		if u.Subject == c.Subject {
			return jsonAnswer(http.StatusOK, struct {
				Sub string `json:"sub"`
				profile
			}{u.Subject, profileOf(u, s)})
		}
	}
	return answer{status: http.StatusUnauthorized, header: http.Header{}}
}
