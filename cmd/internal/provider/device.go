package provider

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode"
)

// state of an authorization.
type state int

const (
	waiting  state = iota // for its user
	approved              // and not fetched yet
	denied
	used // the tokens were fetched
)

// device is what a device says of itself: the parameters device_name and device_id, which are extensions of this
// provider.
type device struct{ id, name string }

func (d device) label() string {
	if d.name != "" {
		return d.name
	}
	return d.id
}

// request is what a device asks for and a user approves: which device of which client may do what, where.
type request struct {
	client   *Client
	device   device
	scope    scopes
	audience string
}

func (r request) clientName() string {
	if r.client == nil {
		return ""
	}
	return r.client.Name
}

// authorization is one run of RFC 8628, from the codes to the tokens.
type authorization struct {
	request
	id        string // names it in the consent form
	userCode  string
	challenge string // RFC 7636 section 4.2; "" without PKCE
	issued    time.Time
	expires   time.Time
	interval  time.Duration
	nextPoll  time.Time // a poll before it gets slow_down
	state     state
	user      *User     // who approved
	authTime  time.Time // when that user signed in
}

// open reports whether a user may still decide.
func (a *authorization) open(now time.Time) bool { return a.state == waiting && now.Before(a.expires) }

// deviceAuthorization answers RFC 8628 section 3.1. Besides `scope` and `resource` it takes device_name and device_id,
// so that the consent page can name what is being approved.
func (p *Provider) deviceAuthorization(c *Client, form params) (any, *oauthError) {
	scope, oerr := scopeOf(c, form["scope"])
	if oerr != nil {
		return nil, oerr
	}
	audience, oerr := p.audienceOf(form["resource"])
	if oerr != nil {
		return nil, oerr
	}
	challenge, oerr := challengeOf(form)
	if oerr != nil {
		return nil, oerr
	}
	now := p.opt.Now()
	p.codes.sweep(now)
	deviceCode := rand.Text()
	a := &authorization{
		request:   request{client: c, device: deviceOf(form), scope: scope, audience: audience},
		id:        rand.Text(),
		userCode:  p.freshUserCode(),
		challenge: challenge,
		issued:    now,
		expires:   now.Add(p.opt.CodeLifetime),
		interval:  p.opt.Interval,
	}
	p.codes.add(deviceCode, a)
	p.emit(CodeIssued, a.request, "")
	return map[string]any{
		"device_code":               deviceCode,
		"user_code":                 a.userCode,
		"verification_uri":          p.verificationURI(),
		"verification_uri_complete": p.completeURI(a.userCode),
		"expires_in":                int(p.opt.CodeLifetime.Seconds()),
		"interval":                  int(a.interval.Seconds()),
	}, nil
}

func (p *Provider) audienceOf(resource string) (string, *oauthError) {
	switch {
	case resource == "":
		return p.opt.Audiences[0], nil
	case slices.Contains(p.opt.Audiences, resource):
		return resource, nil
	}
	return "", bad("invalid_target", "unknown resource") // RFC 8707 section 2
}

// challengeOf reads the PKCE parameters. RFC 9700 section 2.1.1 recommends S256, so `plain` is not
// taken.
func challengeOf(form params) (string, *oauthError) {
	if form["code_challenge"] == "" && form["code_challenge_method"] == "" {
		return "", nil
	}
	if form["code_challenge_method"] != methodS256 || len(form["code_challenge"]) != codeChallengeLength {
		return "", bad("invalid_request", "code_challenge_method must be S256")
	}
	return form["code_challenge"], nil
}

const (
	methodS256          = "S256"
	codeChallengeLength = 43 // of a SHA-256 in base64url
)

// verifies reports whether verifier belongs to the challenge (RFC 7636 section 4.6). Without a challenge there is none.
func (a *authorization) verifies(verifier string) bool {
	if a.challenge == "" {
		return verifier == ""
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(a.challenge)) == 1
}

func deviceOf(form params) device {
	return device{id: plain(form["device_id"]), name: plain(form["device_name"])}
}

// plain makes a name from elsewhere fit to be shown: no control or format characters, 64 characters at most.
func plain(s string) string {
	clean := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s))
	return strings.TrimSpace(string(clean[:min(len(clean), 64)]))
}
