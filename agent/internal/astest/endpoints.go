package astest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"time"
)

func refusal(code string) (int, map[string]any, *Issue) {
	return http.StatusBadRequest, map[string]any{"error": code}, nil
}

// act is the server.
func (s *Site) act(path, body string, treat Treatment) (int, map[string]any, *Issue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	form, _ := url.ParseQuery(body)
	switch path {
	case "/.well-known/openid-configuration":
		return http.StatusOK, s.metadata(), nil
	case "/jwks":
		return http.StatusOK, s.jwks(), nil
	case s.at("device"):
		return s.begin()
	case s.at("token"):
		return s.token(form, treat)
	case s.at("revoke"):
		s.server.Revoke(form.Get("token"))
		return http.StatusOK, nil, nil
	}
	return http.StatusNotFound, nil, nil
}

func (s *Site) at(name string) string { return fmt.Sprintf("/%d/%s", s.moved, name) }

func (s *Site) metadata() map[string]any {
	m := map[string]any{
		"issuer": Issuer, "device_authorization_endpoint": Issuer + s.at("device"), "token_endpoint": Issuer + s.at("token"),
		"revocation_endpoint": Issuer + s.at("revoke"), "jwks_uri": Issuer + "/jwks",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"},
		"subject_types_supported": []string{"public"}, "authorization_endpoint": Issuer + "/authorize",
	}
	return m
}

// begin is the device authorization request (RFC 8628 section 3.1).
func (s *Site) begin() (int, map[string]any, *Issue) {
	c := &code{given: time.Now(), decision: Decision{After: 20 * time.Second, Approve: true, Account: "alice"}}
	if s.Decide != nil {
		c.decision = s.Decide(len(s.codes))
	}
	s.codes = append(s.codes, c)
	return http.StatusOK, map[string]any{
		"device_code": fmt.Sprint("device-code-", len(s.codes)), "user_code": fmt.Sprint("CODE-", len(s.codes)),
		"verification_uri": Issuer + "/d", "expires_in": int(s.CodeLife.Seconds()), "interval": 5,
	}, nil
}

// token is the token request (RFC 6749 section 3.2, RFC 8628 section 3.4).
func (s *Site) token(form url.Values, treat Treatment) (int, map[string]any, *Issue) {
	now := time.Now()
	if form.Get("grant_type") == "refresh_token" {
		t, err := s.server.Refresh(form.Get("refresh_token"), now)
		if err != nil {
			return refusal("invalid_grant")
		}
		return s.issue(t, false, treat)
	}
	var n int
	if _, err := fmt.Sscanf(form.Get("device_code"), "device-code-%d", &n); err != nil || n < 1 || n > len(s.codes) {
		return refusal("invalid_grant")
	}
	c := s.codes[n-1]
	switch {
	case c.spent != "":
		if chain, _, ok := s.server.find(c.spent); ok && s.Respends {
			s.server.end(s.server.chains[chain].grant, Respent)
		}
		return refusal("invalid_grant")
	case now.Sub(c.given) > s.CodeLife:
		return refusal("expired_token")
	case now.Sub(c.given) < c.decision.After:
		return refusal("authorization_pending")
	case !c.decision.Approve:
		return refusal("access_denied")
	}
	t := s.server.Pair(c.decision.Account, now)
	c.spent = t.Refresh
	return s.issue(t, true, treat)
}

// issue is a token response.
func (s *Site) issue(t Tokens, pairing bool, treat Treatment) (int, map[string]any, *Issue) {
	issue := &Issue{Tokens: t, Pairing: pairing, Unusable: treat.Unusable}
	s.issues = append(s.issues, issue)
	fields := map[string]any{
		"access_token": t.Access, "token_type": "Bearer", "refresh_token": t.Refresh, "expires_in": int(s.Lifetime.Seconds()),
	}
	if treat.Unusable {
		fields["token_type"] = "mac"
	}
	if s.IDTokens {
		audience := ClientID
		if treat.ForeignID {
			audience, issue.Unusable = "another", issue.Unusable || pairing
		}
		fields["id_token"] = s.idToken(t.Account, audience)
	}
	return http.StatusOK, fields, issue
}

// idToken is a signed ID token (OpenID Connect Core section 2).
func (s *Site) idToken(account, audience string) string {
	now := time.Now().Unix()
	part := func(v any) string { b, _ := json.Marshal(v); return base64.RawURLEncoding.EncodeToString(b) }
	text := part(map[string]any{"alg": "ES256", "kid": "1"}) + "." +
		part(map[string]any{"iss": Issuer, "sub": account, "aud": audience, "iat": now, "exp": now + 3600})
	sum := sha256.Sum256([]byte(text))
	r, sig, err := ecdsa.Sign(rand.Reader, s.signer(), sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(append(padded(r), padded(sig)...))
}

func padded(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

func (s *Site) signer() *ecdsa.PrivateKey {
	if s.key == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		s.key = key
	}
	return s.key
}

func (s *Site) jwks() map[string]any {
	point, err := s.signer().PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]any{"keys": []any{map[string]any{
		"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": b64(point[1:33]), "y": b64(point[33:]),
	}}}
}
