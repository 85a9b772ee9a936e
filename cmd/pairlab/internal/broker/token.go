package broker

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// claims of an access token (RFC 9068 section 2.2), with the lab's device_id.
type claims struct {
	jwt.Claims
	Name     string `json:"name"`
	Scope    string `json:"scope"`
	DeviceID string `json:"device_id"`
}

// Why a client is refused. None repeats a part of the token.
var (
	errNoToken = errors.New("the password is no access token")
	errNotOurs = errors.New("the token is not signed by this lab's provider")
	errClaims  = errors.New("the token has expired or is not for this broker")
	errScope   = errors.New("the token does not allow telemetry")
	errNames   = errors.New("the token names no account or device that can be a topic")
	errWill    = errors.New("the topic of the will is not the client's own")
)

// verify obeys RFC 9068 section 4: type, signature, iss, aud and exp.
func (o Options) verify(token string, now time.Time) (claims, error) {
	var c claims
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || t.Headers[0].ExtraHeaders[jose.HeaderType] != "at+jwt" {
		return c, errNoToken
	}
	if err := t.Claims(o.Keys, &c); err != nil {
		return c, errNotOurs
	}
	want := jwt.Expected{Issuer: o.Issuer, AnyAudience: jwt.Audience{o.Audience}, Time: now}
	if err := c.ValidateWithLeeway(want, 0); err != nil || c.Expiry == nil || !now.Before(c.Expiry.Time()) {
		return c, errClaims
	}
	if !slices.Contains(strings.Fields(c.Scope), o.Scope) {
		return c, errScope
	}
	if len(ownTopics(o.Root, c.Subject, c.DeviceID)) == 0 {
		return c, errNames
	}
	return c, nil
}
