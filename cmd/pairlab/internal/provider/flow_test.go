package provider

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// RFC 8628 section 3.2: device_code, user_code, verification_uri and expires_in are REQUIRED.
func TestDeviceAuthorization(t *testing.T) {
	l := newLab(t, nil)
	r := l.begin()
	if len(r.str("device_code")) < 22 || r.num("expires_in") != 600 || r.num("interval") != 5 {
		t.Errorf("codes: %v", r.fields)
	}
	if r.str("verification_uri") != l.url+"/device" {
		t.Errorf("verification_uri %q", r.str("verification_uri"))
	}
	u, err := url.Parse(r.str("verification_uri_complete"))
	if err != nil || u.Query().Get("user_code") != r.str("user_code") {
		t.Errorf("verification_uri_complete %q (%v)", r.str("verification_uri_complete"), err)
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Error("an answer with codes may be cached")
	}
}

// RFC 8628 section 3.5, the whole dialogue: "authorization_pending: The authorization request is still
// pending as the end user hasn't yet completed the user-interaction steps".
func TestApprove(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin("device_name", "Kitchen printer", "device_id", "dev1")
	l.wantError(l.poll(begun.str("device_code")), http.StatusBadRequest, "authorization_pending")

	alice := l.person().signIn("alice", "wonder").enter(begun.str("user_code"))
	alice.wants(http.StatusOK, "/consent", "Kitchen printer")
	alice.wants(http.StatusOK, "/consent", "Printer</span>")
	alice.wants(http.StatusOK, "/consent", begun.str("user_code"))
	alice.wants(http.StatusOK, "/consent", "Stay paired while you are away")
	alice.decide("approve").wants(http.StatusOK, "/done", `data-outcome="approved"`)

	r := l.poll(begun.str("device_code"))
	if r.status != http.StatusOK || r.str("token_type") != "Bearer" || r.num("expires_in") != 600 {
		t.Fatalf("token: %d %v", r.status, r.fields)
	}
	access, id := l.claims(r.str("access_token")), l.claims(r.str("id_token"))
	if access["sub"] != "u1" || access["name"] != "Alice" || access["device_id"] != "dev1" || access["aud"] != "mqtt" {
		t.Errorf("access token: %v", access)
	}
	if id["sub"] != "u1" || id["iss"] != l.url || id["aud"] != "printer" || id["email"] != "alice@example.com" {
		t.Errorf("ID token: %v", id)
	}
	want := []Kind{CodeIssued, SignedIn, Approved, Tokens}
	if !slices.Equal(l.events, want) {
		t.Errorf("events %v, want %v", l.events, want)
	}
}

// claims verifies a token as a stranger would, by the JWKS at the issuer.
func (l *lab) claims(token string) map[string]any {
	l.Helper()
	t, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		l.Fatal(err)
	}
	resp, err := http.Get(l.url + "/jwks")
	if err != nil {
		l.Fatal(err)
	}
	defer resp.Body.Close()
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&keys); err != nil {
		l.Fatal(err)
	}
	var c map[string]any
	if err := t.Claims(keys, &c); err != nil {
		l.Fatal(err)
	}
	return c
}

// "access_denied: The authorization request was denied."
func TestDeny(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("deny").
		wants(http.StatusOK, "/done", `data-outcome="denied"`)
	l.wantError(l.poll(begun.str("device_code")), http.StatusBadRequest, "access_denied")
}

// "expired_token: The "device_code" has expired, and the device authorization session has concluded."
func TestExpire(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	l.pass(10 * time.Minute)
	l.wantError(l.poll(begun.str("device_code")), http.StatusBadRequest, "expired_token")
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).wants(http.StatusBadRequest, "/device", "no longer valid")
}

// "slow_down: A variant of "authorization_pending", the authorization request is still pending and
// polling should continue, but the interval MUST be increased by 5 seconds for this and all
// subsequent requests."
func TestSlowDown(t *testing.T) {
	l := newLab(t, nil)
	code := l.begin().str("device_code")
	l.wantError(l.poll(code), http.StatusBadRequest, "authorization_pending")
	l.pass(4900 * time.Millisecond)
	l.wantError(l.poll(code), http.StatusBadRequest, "slow_down")
	l.pass(9900 * time.Millisecond)
	l.wantError(l.poll(code), http.StatusBadRequest, "slow_down")
	for range 3 {
		l.pass(15 * time.Second)
		l.wantError(l.poll(code), http.StatusBadRequest, "authorization_pending")
	}
}

// A device code is good for one answer with tokens, and for the client it was given to.
func TestDeviceCodeIsSingleUse(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	other := l.post("/token", "grant_type", grantDevice, "client_id", "cli", "device_code", begun.str("device_code"))
	l.wantError(other, http.StatusBadRequest, "invalid_grant")
	if r := l.poll(begun.str("device_code")); r.status != http.StatusOK {
		t.Fatalf("token: %d %v", r.status, r.fields)
	}
	l.wantError(l.poll(begun.str("device_code")), http.StatusBadRequest, "invalid_grant")
}

func TestApprovedTooLateToFetch(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	l.pass(10 * time.Minute)
	l.wantError(l.poll(begun.str("device_code")), http.StatusBadRequest, "expired_token")
}

func TestMinimalScopes(t *testing.T) {
	l := newLab(t, nil)
	begun := l.post("/device_authorization", "client_id", "printer")
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	r := l.poll(begun.str("device_code"))
	if r.str("refresh_token") != "" || r.str("scope") != "openid" {
		t.Errorf("without offline_access: %v", r.fields)
	}
	if c := l.claims(r.str("id_token")); c["name"] != nil || c["email"] != nil {
		t.Errorf("without profile and email: %v", c)
	}
}
