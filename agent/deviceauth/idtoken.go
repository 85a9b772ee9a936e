package deviceauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/paird/paird/agent/internal/oneline"
	"github.com/paird/paird/agent/internal/remote"
)

// leeway is how far our clock and the issuer's may be apart.
const leeway = 2 * time.Minute

// signingAlgs are the ones an ID token may have: a shared secret or none at all proves nothing here.
var signingAlgs = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// errUnchecked means that an ID token can be neither trusted nor refused.
var errUnchecked = errors.New("it cannot be checked")

// identity is what a verified ID token says.
type identity struct {
	raw, subject, name string
	claims             map[string]any
}

// applyTo puts an identity onto a token; an empty one changes nothing.
func (i identity) applyTo(t Token) Token {
	if i.raw != "" {
		t.IDToken, t.Subject, t.Name, t.Claims = i.raw, i.subject, i.name, i.claims
	}
	return t
}

// identify verifies an ID token: OpenID Connect Core section 3.1.3.7, through go-oidc, and what that leaves to its
// caller. No ID token is no error. The error is errUnchecked where there is nothing to check it with.
func (c *Client) identify(ctx context.Context, m Metadata, raw string) (identity, error) {
	if raw == "" {
		return identity{}, nil
	}
	if m.Issuer == "" || m.JWKSURI == "" {
		return identity{}, fmt.Errorf("%w: no issuer or no jwks_uri is known", errUnchecked)
	}
	keys := &lookup{keys: c.keys, uri: m.JWKSURI}
	token, err := oidc.NewVerifier(m.Issuer, keys, &oidc.Config{
		ClientID:             c.cfg.ClientID,
		SupportedSigningAlgs: idTokenAlgs(m),
		Now:                  func() time.Time { return time.Now().Add(-leeway) },
	}).Verify(ctx, raw)
	if keys.failed != nil {
		return identity{}, fmt.Errorf("%w: the issuer's keys: %w", errUnchecked, keys.failed)
	}
	if err != nil {
		return identity{}, reason(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return identity{}, errors.New("its claims are no object")
	}
	if err := checkClaims(token, claims, c.cfg.ClientID, time.Now()); err != nil {
		return identity{}, err
	}
	return identity{raw: raw, subject: token.Subject, name: displayName(claims), claims: claims}, nil
}

// identifyLimit is for how long tokens that are not stored yet may wait for the issuer's keys.
const identifyLimit = 10 * time.Second

// identifyWithRetry tries again for a while where the keys cannot be fetched: the user has approved already.
func (c *Client) identifyWithRetry(ctx context.Context, m Metadata, raw string) (identity, error) {
	ctx, cancel := context.WithTimeout(ctx, identifyLimit)
	defer cancel()
	id, err := c.identify(ctx, m, raw)
	for wait := 2 * time.Second; wait <= 4*time.Second && errors.Is(err, errUnchecked) && m.JWKSURI != ""; wait *= 2 {
		if remote.Wait(ctx, wait) != nil {
			break // the tokens are worth more than the name
		}
		id, err = c.identify(ctx, m, raw)
	}
	return id, err
}

// reason says why go-oidc refused a token without quoting the token.
func reason(err error) error {
	if expired, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return fmt.Errorf("it ended at %s: check the clock", expired.Expiry.UTC().Format(time.RFC3339))
	}
	return errors.New(oneline.Clean(err.Error(), 160))
}

// idTokenAlgs are the algorithms the issuer says it signs with, all that we take if it does not say.
func idTokenAlgs(m Metadata) []string {
	var algs []string
	for _, a := range signingAlgs {
		if len(m.IDTokenAlgs) == 0 || slices.Contains(m.IDTokenAlgs, string(a)) {
			algs = append(algs, string(a))
		}
	}
	return algs
}

// checkClaims is what go-oidc leaves to its caller.
func checkClaims(t *oidc.IDToken, claims map[string]any, clientID string, now time.Time) error {
	// encoding/json takes "ISS" for "iss"; RFC 7519 section 10.1.1 does not: claim names are "case sensitive".
	for _, name := range []string{"iss", "sub", "aud", "exp", "iat"} {
		if _, there := claims[name]; !there {
			return fmt.Errorf("it has no %s", name)
		}
	}
	azp, named := claims["azp"]
	switch {
	case t.Subject == "":
		return errors.New("it has no sub")
	case t.IssuedAt.Unix() <= 0:
		return errors.New("it has no iat")
	case t.IssuedAt.After(now.Add(leeway)):
		return errors.New("it was issued in the future: check the clock")
	// OpenID Connect Core section 3.1.3.7: "If an azp (authorized party) Claim is present, the Client SHOULD verify
	// that its client_id is the Claim Value."
	case named && azp != clientID:
		return errors.New("it was issued to another client (azp)")
	// "If the ID Token contains multiple audiences, the Client SHOULD verify that an azp Claim is present."
	case !named && len(t.Audience) > 1:
		return errors.New("it has several audiences and no azp")
	}
	return nil
}

// displayName is the first of name, preferred_username, email and sub that can be shown.
func displayName(claims map[string]any) string {
	for _, claim := range []string{"name", "preferred_username", "email", "sub"} {
		s, _ := claims[claim].(string)
		if s = oneline.Clean(s, 128); s != "" {
			return s
		}
	}
	return ""
}
