package deviceauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/paird/paird/agent/internal/oneline"
)

const (
	maxDeviceCode       = 8 << 10 // bytes
	maxUserCode         = 64      // characters
	maxURI              = 2048    // bytes
	defaultCodeLifetime = 10 * time.Minute
)

// Begin asks for a device code and a user code (RFC 8628 section 3.1). The caller obeys "the client SHOULD
// only commence a device authorization request when prompted by the user and not automatically, such as when the
// app starts or when the previous authorization session expires or fails". One attempt; the error is the
// context's, or an *Error.
func (c *Client) Begin(ctx context.Context) (Pending, error) {
	const op = "device authorization"
	if err := c.cfg.checkClock(op); err != nil {
		return Pending{}, err
	}
	m, err := c.metadata.forSession(ctx)
	if err != nil {
		return Pending{}, err
	}
	form, verifier := c.cfg.deviceForm(m)
	r, err := c.relocating(ctx, m.DeviceAuthorizationEndpoint, deviceEndpoint, func(endpoint string) (oauthResponse, error) {
		return c.oauth.request(ctx, endpoint, m.TokenEndpoint, form, http.Header{})
	})
	if err != nil {
		return Pending{}, c.http.noResponse(ctx, op, err)
	}
	if !r.ok("device_code") {
		if r.status == http.StatusOK && r.oauthError.code == "" {
			return Pending{}, notOAuth(op, r.response)
		}
		return Pending{}, deviceError(op, r)
	}
	p, notes, err := parseDevice(r.fields, r.arrived)
	if err != nil {
		return Pending{}, &Error{Kind: Server, Op: op, Err: err, Detail: r.from.Host + " gave codes that cannot be used: " + err.Error()}
	}
	c.cfg.logClamped(op, notes)
	if r.endpoint != m.DeviceAuthorizationEndpoint { // the token endpoint may have moved with it
		m, _ = c.metadata.got()
		m = m.with(c.cfg)
	}
	p.CodeVerifier, p.Bound = verifier, m.dpop(c.cfg.DPoP)
	p.Issuer, p.ClientID, p.TokenEndpoint = c.cfg.Issuer, c.cfg.ClientID, m.TokenEndpoint
	return p, nil
}

// deviceForm is the device authorization request without client authentication. It also returns the code verifier, if
// the request has a challenge.
func (c Config) deviceForm(m Metadata) (form url.Values, verifier string) {
	form = url.Values{}
	for name, value := range c.Params {
		form.Set(name, value)
	}
	form.Set("scope", c.scope())
	form.Set("audience", cmp.Or(c.Audience, form.Get("audience")))
	addResources(form, c.Resources, c.FurtherResources)
	if m.pkce(c.PKCE) {
		verifier = newVerifier()
		form.Set("code_challenge", challenge(verifier))
		form.Set("code_challenge_method", "S256")
	}
	dropEmpty(form)
	return form, verifier
}

// scope is what the device authorization request asks for.
func (c Config) scope() string {
	var all []string
	for _, s := range slices.Concat(c.Scopes, c.FurtherScopes) {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, " ")
}

// addResources adds each resource once. RFC 8707 section 2: "Multiple "resource" parameters MAY be used".
func addResources(form url.Values, lists ...[]string) {
	for _, r := range slices.Concat(lists...) {
		if r != "" && !slices.Contains(form["resource"], r) {
			form.Add("resource", r)
		}
	}
}

// dropEmpty obeys RFC 6749 section 3.1: "Parameters sent without a value MUST be treated as if they were omitted".
// Not every server does so, so they are not sent.
func dropEmpty(form url.Values) {
	for name := range form {
		if form.Get(name) == "" {
			form.Del(name)
		}
	}
}

// newVerifier makes a code verifier of 256 random bits (RFC 7636 section 4.1).
func newVerifier() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// challenge is BASE64URL-ENCODE(SHA256(ASCII(code_verifier))), RFC 7636 section 4.2.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// parseDevice reads a device authorization response (RFC 8628 section 3.2) that came at now. The notes say
// which values were clamped; the error says what is wrong, without a secret.
func parseDevice(f fields, now time.Time) (p Pending, notes []string, err error) {
	p = Pending{
		DeviceCode:              f.str("device_code"),
		UserCode:                oneline.Clean(f.str("user_code"), bodyLimit),
		VerificationURI:         cmp.Or(f.str("verification_uri"), f.str("verification_url")),
		VerificationURIComplete: cmp.Or(f.str("verification_uri_complete"), f.str("verification_url_complete")),
		Issued:                  now,
	}
	if err := checkCodes(p); err != nil {
		return Pending{}, nil, err
	}
	if err := checkPage("verification_uri", p.VerificationURI); err != nil {
		return Pending{}, nil, err
	}
	if p.VerificationURIComplete != "" {
		if err := checkPage("verification_uri_complete", p.VerificationURIComplete); err != nil {
			return Pending{}, nil, err
		}
	}
	p.Interval, notes = pollInterval(f, notes)
	p.ExpiresIn, notes = codeLifetime(f, notes)
	return p, notes, nil
}

func checkCodes(p Pending) error {
	switch {
	case p.DeviceCode == "":
		return errors.New("device_code is missing")
	case len(p.DeviceCode) > maxDeviceCode:
		return fmt.Errorf("device_code has %d bytes, at most %d are taken", len(p.DeviceCode), maxDeviceCode)
	case p.UserCode == "":
		return errors.New("user_code is missing")
	case len([]rune(p.UserCode)) > maxUserCode:
		return fmt.Errorf("user_code has %d characters, at most %d can be shown", len([]rune(p.UserCode)), maxUserCode)
	}
	return nil
}

// checkPage refuses a URI to which the user must not be sent.
func checkPage(name, uri string) error {
	switch {
	case uri == "":
		return fmt.Errorf("%s is missing", name)
	case len(uri) > maxURI:
		return fmt.Errorf("%s has %d bytes, at most %d are taken", name, len(uri), maxURI)
	case strings.ContainsFunc(uri, func(r rune) bool { return !unicode.IsPrint(r) || r == ' ' || r == unicode.ReplacementChar }):
		return fmt.Errorf("%s has characters that do not belong into a URI", name)
	}
	page, _, _ := strings.Cut(uri, "#") // a page may have a fragment, an endpoint has none
	if _, err := endpointURL(page); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// pollInterval obeys RFC 8628 section 3.2: "If no value is provided, clients MUST use 5 as the default."
func pollInterval(f fields, notes []string) (time.Duration, []string) {
	d, ok := f.seconds("interval")
	if !ok {
		return defaultInterval, notes
	}
	if d <= 0 {
		return defaultInterval, append(notes, fmt.Sprintf("interval %v taken as %v", d, defaultInterval))
	}
	if clamped := min(max(d, time.Second), maxInterval); clamped != d {
		return clamped, append(notes, fmt.Sprintf("interval %v taken as %v", d, clamped))
	}
	return d, notes
}

func codeLifetime(f fields, notes []string) (time.Duration, []string) {
	d, ok := f.seconds("expires_in")
	if !ok {
		return defaultCodeLifetime, append(notes, fmt.Sprintf("expires_in is missing, taken as %v", defaultCodeLifetime))
	}
	if clamped := clampCodeLifetime(d); clamped != d {
		return clamped, append(notes, fmt.Sprintf("expires_in %v taken as %v", d, clamped))
	}
	return d, notes
}
