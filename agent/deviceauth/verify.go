package deviceauth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/paird/paird/agent/internal/oneline"
)

const (
	verifyOp = "ID token"      // Error.Op of Verify
	leeway   = 2 * time.Minute // how far our clock and the issuer's may be apart

	maxSubject = 255 // characters
	maxName    = 128 // characters

	userinfoLimit = 5 * time.Second // how long a pairing waits for a name
)

// signingAlgs are the ones an ID token may have: a MAC with a shared secret, or no signature, proves
// nothing here.
var signingAlgs = []jose.SignatureAlgorithm{
	jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
}

// Verify checks the ID token of t, which Wait or Refresh returned: OpenID Connect Core section 3.1.3.7 and, where the
// account is known already, section 12.2. It returns t Verified, with Subject, Name and Claims of the ID token; at a
// pairing whose ID token has no name, the name is that of the userinfo endpoint, if the server has one. Where
// there is no ID token, or no issuer and jwks_uri to check it with, t comes back Verified and without ID token.
//
// The error is the context's or an *Error, and then the Token is t as it was. With Later nothing is known against the ID
// token: Kind says what keeps the issuer's keys away. Else the ID token is refused, Kind Server.
func (c *Client) Verify(ctx context.Context, t Token) (Token, error) {
	if t.Verified {
		return t, nil
	}
	if t.IDToken == "" {
		t.Verified = true
		return t, nil
	}
	if err := c.cfg.checkClock(verifyOp); err != nil {
		return t, notYet(err)
	}
	m, err := c.metadata.trusted(ctx)
	if err != nil {
		return t, notYet(err)
	}
	if m.Issuer == "" || m.JWKSURI == "" {
		c.cfg.Log.Warn("ID token ignored: no issuer or no jwks_uri is known to check it with")
		t.IDToken, t.Verified = "", true
		return c.sealed(t), nil
	}
	id, err := c.identify(ctx, m, t)
	if err != nil {
		return t, err
	}
	return c.withIdentity(ctx, t, id), nil
}

// withIdentity is t with what its verified ID token says, and with the endpoints of the metadata that verified it.
func (c *Client) withIdentity(ctx context.Context, t Token, id identity) Token {
	verified := c.sealed(t)
	verified.Verified, verified.Subject, verified.Claims = true, id.subject, id.claims
	verified.Name = c.cfg.accountName(id.claims)
	if pairing := t.Subject == ""; pairing && verified.Name == "" && verified.UserinfoEndpoint != "" {
		verified.Name = c.userinfoName(ctx, verified)
	}
	// A refreshed ID token may leave the name out.
	verified.Name = c.cfg.nameOrSubject(cmp.Or(verified.Name, t.Name), oneline.Clean(id.subject, maxName))
	return verified
}

// notYet marks an error that says nothing against an ID token. The context's error stays what it is.
func notYet(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return err
	}
	later := *e
	later.Later = true
	return &later
}

// identity is what a verified ID token says.
type identity struct {
	subject string
	claims  map[string]any
}

// identify verifies the ID token of t.
func (c *Client) identify(ctx context.Context, m Metadata, t Token) (identity, error) {
	signature := &signatureCheck{keys: c.keys, uri: m.JWKSURI, moved: func(ctx context.Context, uri string) string {
		return c.metadata.relocated(ctx, uri, jwksURI)
	}}
	id, err := verifyIDToken(ctx, signature, m, c.cfg.ClientID, t.IDToken, time.Now())
	if signature.failed != nil {
		return identity{}, notYet(signature.failed)
	}
	if err == nil {
		err = checkSameAccount(t, id)
	}
	if err != nil {
		return identity{}, &Error{Kind: Server, Op: verifyOp, Err: err, Detail: "ID token refused: " + err.Error()}
	}
	return id, nil
}

// checkSameAccount obeys OpenID Connect Core section 12.2: "its sub Claim Value MUST be the same as in the ID Token
// issued when the original authentication occurred". The issuer is compared when it is verified.
func checkSameAccount(t Token, id identity) error {
	if t.Subject != "" && id.subject != t.Subject {
		return errors.New("it is of another account")
	}
	return nil
}

// verifyIDToken obeys OpenID Connect Core section 3.1.3.7: go-oidc checks one part, checkClaims what it leaves to its
// caller.
func verifyIDToken(ctx context.Context, keys oidc.KeySet, m Metadata, clientID, raw string, now time.Time) (identity, error) {
	token, err := oidc.NewVerifier(m.Issuer, keys, &oidc.Config{
		ClientID:             clientID,
		SupportedSigningAlgs: idTokenAlgs(m),
		Now:                  func() time.Time { return now.Add(-leeway) },
	}).Verify(ctx, raw)
	if err != nil {
		return identity{}, refusalReason(err)
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return identity{}, errors.New("its claims are no object")
	}
	if err := checkClaims(token, claims, clientID, now); err != nil {
		return identity{}, err
	}
	return identity{subject: token.Subject, claims: claims}, nil
}

// refusalReason is why go-oidc refused a token, without the token.
func refusalReason(err error) error {
	if expired, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return fmt.Errorf("it ended at %s: check the clock", expired.Expiry.UTC().Format(time.RFC3339))
	}
	return errors.New(oneline.Clean(err.Error(), 160))
}

// idTokenAlgs are the algorithms that the issuer says it signs with, or all of signingAlgs if it does not say.
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
	// OpenID Connect Core section 2: "It MUST NOT exceed 255 ASCII characters in length." The status shows it.
	case oneline.Clean(t.Subject, maxSubject) != t.Subject:
		return errors.New("its sub is too long, or has characters that cannot be shown")
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

// accountName is the first of name, preferred_username and email that the panel can draw whole, else the first of
// them at all; "" if there is none.
func (c Config) accountName(claims map[string]any) string {
	first := ""
	for _, claim := range []string{"name", "preferred_username", "email"} {
		s, _ := claims[claim].(string)
		s = oneline.Clean(s, maxName)
		if s != "" && c.Draws(s) {
			return s
		}
		first = cmp.Or(first, s)
	}
	return first
}

// nameOrSubject is the name, unless there is none or the panel can draw the subject only.
func (c Config) nameOrSubject(name, subject string) string {
	if name == "" || !c.Draws(name) && c.Draws(subject) {
		return subject
	}
	return name
}

// userinfoName asks the userinfo endpoint for a name of the account (OpenID Connect Core section 5.3), once. It is ""
// where the endpoint gives none: a name is not worth an error.
func (c *Client) userinfoName(ctx context.Context, t Token) string {
	ctx, cancel := context.WithTimeout(ctx, userinfoLimit)
	defer cancel()
	header := http.Header{"Authorization": {t.TokenType + " " + t.AccessToken}}
	if t.TokenType == "DPoP" {
		if err := c.oauth.dpop.prove(header, http.MethodGet, t.UserinfoEndpoint, t.AccessToken, time.Now()); err != nil {
			return ""
		}
	}
	r, err := c.http.get(ctx, t.UserinfoEndpoint, header)
	if err != nil || r.status != http.StatusOK || len(r.body) > bodyLimit {
		c.cfg.Log.Debug("no userinfo", "endpoint", withoutQuery(t.UserinfoEndpoint))
		return ""
	}
	claims, err := parseUserinfo(r.body, t.Subject)
	if err != nil {
		c.cfg.Log.Debug("userinfo ignored", "error", err)
	}
	return c.cfg.accountName(claims)
}

// parseUserinfo is the claims of a userinfo response. OpenID Connect Core section 5.3.2: "The sub Claim in the UserInfo
// Response MUST be verified to exactly match the sub Claim in the ID Token; if they do not match, the UserInfo Response
// values MUST NOT be used."
func parseUserinfo(body []byte, subject string) (map[string]any, error) {
	var claims map[string]any
	if err := json.Unmarshal(body, &claims); err != nil {
		return nil, errors.New("no JSON object: it may be signed")
	}
	if sub, ok := claims["sub"].(string); !ok || sub == "" || sub != subject {
		return nil, errors.New("its sub is not that of the ID token")
	}
	return claims, nil
}
