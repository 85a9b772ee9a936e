package provider

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// keyring signs with one RSA key. RS256 because OpenID Connect Discovery 1.0 section 3 says of the ID token's
// algorithms: "The algorithm RS256 MUST be included."
type keyring struct {
	jwk    jose.JSONWebKey
	signer map[jose.ContentType]jose.Signer
}

// Types of token: RFC 9068 section 2.1 for access tokens.
const (
	typeAccess jose.ContentType = "at+jwt"
	typeID     jose.ContentType = "JWT"
)

func newKeyring(key *rsa.PrivateKey) (*keyring, error) {
	if key == nil {
		var err error
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			return nil, fmt.Errorf("new signing key: %w", err)
		}
	}
	jwk := jose.JSONWebKey{Key: key, Algorithm: string(jose.RS256), Use: "sig"}
	thumb, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(thumb)
	k := &keyring{jwk: jwk, signer: map[jose.ContentType]jose.Signer{}}
	for _, typ := range []jose.ContentType{typeAccess, typeID} {
		opts := (&jose.SignerOptions{}).WithType(typ)
		if k.signer[typ], err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jwk}, opts); err != nil {
			return nil, fmt.Errorf("signing key: %w", err)
		}
	}
	return k, nil
}

func (k *keyring) public() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{k.jwk.Public()}}
}

func (k *keyring) sign(typ jose.ContentType, claims any) (string, error) {
	return jwt.Signed(k.signer[typ]).Claims(claims).Serialize()
}

// verify reads an access token of this provider; false if it is not one or is out of time.
func (k *keyring) verify(token, issuer string, now time.Time) (accessClaims, bool) {
	var c accessClaims
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(t.Headers) != 1 || t.Headers[0].ExtraHeaders[jose.HeaderType] != string(typeAccess) {
		return c, false
	}
	if t.Claims(k.jwk.Public(), &c) != nil {
		return c, false
	}
	// RFC 7519 section 4.1.4: exp is the time "on or after which the JWT MUST NOT be accepted"; the library accepts on.
	inTime := c.Expiry != nil && now.Before(c.Expiry.Time())
	return c, inTime && c.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Time: now}, 0) == nil
}

// Keys are the public keys that verify this provider's tokens.
func (p *Provider) Keys() jose.JSONWebKeySet { return p.keys.public() }

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
