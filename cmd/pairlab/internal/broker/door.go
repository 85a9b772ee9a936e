package broker

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/nats-io/nats-server/v2/server"
)

// door decides who comes in; it is the server's authenticator.
type door struct {
	opt         Options
	tapPassword string
}

func newDoor(o Options) *door { return &door{opt: o, tapPassword: rand.Text()} }

// claims are what an access token says (RFC 9068 section 2.2), with this lab's device_id.
type claims struct {
	jwt.Claims
	Name     string `json:"name"`
	Scope    string `json:"scope"`
	DeviceID string `json:"device_id"`
}

// Check implements server.Authentication.
func (d *door) Check(c server.ClientAuthentication) bool {
	opts := c.GetOpts()
	username := opts.Username // registering the user replaces it
	if subtle.ConstantTimeCompare([]byte(opts.Password), []byte(d.tapPassword)) == 1 {
		return true
	}
	now := time.Now()
	who, err := d.verify(opts.Password, now)
	if err != nil {
		d.opt.Observe(Event{At: now, Username: username, Err: err})
		return false
	}
	exp := who.Expiry.Time()
	allowed := &server.SubjectPermission{Allow: subjects(d.opt.Root, who.Subject, who.DeviceID)}
	c.RegisterUser(&server.User{
		Username:           who.Subject,
		Permissions:        &server.Permissions{Publish: allowed, Subscribe: allowed},
		ConnectionDeadline: exp,
	})
	d.opt.Observe(Event{At: now, Username: username, Account: who.Name, Expires: exp})
	return true
}

// Why somebody is sent away. None repeats a part of the token.
var (
	errNoToken  = errors.New("the password is no access token")
	errNotOurs  = errors.New("the token is not signed by this lab's provider")
	errClaims   = errors.New("the token has run out or is meant for somebody else")
	errScope    = errors.New("the token does not allow telemetry")
	errSubjects = errors.New("the token names nobody who could own a topic")
)

// verify obeys RFC 9068 section 4: type, signature, iss, aud and exp.
func (d *door) verify(token string, now time.Time) (claims, error) {
	var c claims
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || t.Headers[0].ExtraHeaders[jose.HeaderType] != "at+jwt" {
		return c, errNoToken
	}
	if err := t.Claims(d.opt.Keys, &c); err != nil {
		return c, errNotOurs
	}
	want := jwt.Expected{Issuer: d.opt.Issuer, AnyAudience: jwt.Audience{d.opt.Audience}, Time: now}
	if err := c.ValidateWithLeeway(want, 0); err != nil || c.Expiry == nil || !now.Before(c.Expiry.Time()) {
		return c, errClaims
	}
	if !slices.Contains(strings.Fields(c.Scope), d.opt.Scope) {
		return c, errScope
	}
	if len(subjects(d.opt.Root, c.Subject, c.DeviceID)) == 0 {
		return c, errSubjects
	}
	return c, nil
}

// subjects are the NATS subjects of root/{name} and all below, which is what MQTT topics become.
func subjects(root string, names ...string) []string {
	var all []string
	for _, name := range names {
		if oneLevel(name) {
			all = append(all, root+"."+name, root+"."+name+".>")
		}
	}
	return all
}

// oneLevel reports whether name can be one level of a topic and of a subject, and only that.
func oneLevel(name string) bool {
	outside := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && r != '-' && r != '_'
	}
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, outside)
}
