package deviceauth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
)

// Begin asks for a device code and a user code (RFC 8628 section 3.1). It is the caller who obeys "the client SHOULD
// only commence a device authorization request when prompted by the user and not automatically, such as when the
// app starts or when the previous authorization session expires or fails". One attempt; the error is the
// context's, or an *Error.
func (c *Client) Begin(ctx context.Context) (Pending, error) {
	const op = "device authorization"
	if err := c.clock(op); err != nil {
		return Pending{}, err
	}
	m, err := c.fresh(ctx)
	if err != nil {
		return Pending{}, err
	}
	form, verifier := c.deviceForm(m)
	r, err := c.request(ctx, m.DeviceAuthorizationEndpoint, form, http.Header{})
	if err != nil {
		return Pending{}, c.unanswered(ctx, op, err)
	}
	if !r.ok("device_code") {
		if r.status == http.StatusOK && r.refusal.code == "" {
			return Pending{}, foreign(op, r.answer)
		}
		return Pending{}, beginVerdict(op, r.answer, r.refusal)
	}
	p, notes, err := parseDevice(r.fields, r.arrived)
	if err != nil {
		return Pending{}, &Error{Kind: Server, Op: op, Err: err, Detail: r.from.Host + " gave codes that cannot be used: " + err.Error()}
	}
	c.note(op, notes)
	p.CodeVerifier, p.Issuer, p.ClientID, p.TokenEndpoint = verifier, c.cfg.Issuer, c.cfg.ClientID, m.TokenEndpoint
	return p, nil
}

// deviceForm is the device authorization request without client authentication, and its code verifier if it has
// a challenge.
func (c *Client) deviceForm(m Metadata) (form url.Values, verifier string) {
	form = url.Values{}
	for name, value := range c.cfg.Params {
		form.Set(name, value)
	}
	form.Set("scope", c.scope())
	form.Set("audience", cmp.Or(c.cfg.Audience, form.Get("audience")))
	addResources(form, c.cfg.Resources, c.cfg.FurtherResources)
	if m.pkce(c.cfg.PKCE) {
		verifier = newVerifier()
		form.Set("code_challenge", challenge(verifier))
		form.Set("code_challenge_method", "S256")
	}
	dropEmpty(form)
	return form, verifier
}

// scope is what the device authorization request asks for.
func (c *Client) scope() string { return join(c.cfg.Scopes, c.cfg.FurtherScopes) }

// addResources adds each resource once. RFC 8707 section 2: "Multiple "resource" parameters MAY be used".
func addResources(form url.Values, lists ...[]string) {
	for _, r := range slices.Concat(lists...) {
		if r != "" && !slices.Contains(form["resource"], r) {
			form.Add("resource", r)
		}
	}
}

// dropEmpty obeys RFC 6749 section 3.1: "Parameters sent without a value MUST be treated as if they were omitted".
// Not every server does, so they are omitted.
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

// note logs what an answer had that was not taken as it was.
func (c *Client) note(op string, notes []string) {
	for _, n := range notes {
		c.cfg.Log.Warn("value clamped", "op", op, "detail", n)
	}
}
