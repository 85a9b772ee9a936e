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
	want := []Kind{CodeIssued, SignedIn, CodeReviewed, Approved, Tokens}
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

// RFC 7636 section 4.6: where the device authorization request had a challenge, the poll needs its verifier. A wrong one
// does not use up the code.
func TestPKCE(t *testing.T) {
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // of appendix B
	l := newLab(t, nil)
	for _, pairs := range [][]string{
		{"code_challenge", challenge},
		{"code_challenge", challenge, "code_challenge_method", "plain"},
		{"code_challenge", "short", "code_challenge_method", "S256"},
		{"code_challenge_method", "S256"},
	} {
		l.wantError(l.post("/device_authorization", append(pairs, "client_id", "printer")...), http.StatusBadRequest, "invalid_request")
	}
	begun := l.begin("code_challenge", challenge, "code_challenge_method", "S256")
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	poll := func(pairs ...string) reply {
		return l.post("/token", append(pairs, "grant_type", grantDevice, "client_id", "printer", "device_code", begun.str("device_code"))...)
	}
	l.wantError(poll(), http.StatusBadRequest, "invalid_grant")
	l.wantError(poll("code_verifier", verifier+"x"), http.StatusBadRequest, "invalid_grant")
	if r := poll("code_verifier", verifier); r.status != http.StatusOK {
		t.Errorf("with the verifier: %d %v", r.status, r.fields)
	}

	begun = l.begin()
	l.wantError(poll("code_verifier", verifier), http.StatusBadRequest, "invalid_grant")
}

// A program decides as a user would at the pages.
func TestDecide(t *testing.T) {
	l := newLab(t, nil)
	decide := func(d Decision) reply {
		begun := l.begin()
		if err := l.p.Decide(begun.str("user_code"), "bob", d); err != nil {
			t.Fatal(err)
		}
		if err := l.p.Decide(begun.str("user_code"), "bob", d); err == nil {
			t.Error("a code was decided twice")
		}
		return l.poll(begun.str("device_code"))
	}
	if r := decide(Approve); r.status != http.StatusOK || l.claims(r.str("access_token"))["sub"] != "u2" {
		t.Errorf("approved: %d %v", r.status, r.fields)
	}
	l.wantError(decide(Deny), http.StatusBadRequest, "access_denied")
	l.wantError(decide(Expire), http.StatusBadRequest, "expired_token")
	if err := l.p.Decide(l.begin().str("user_code"), "mallory", Approve); err == nil {
		t.Error("an unknown user decides")
	}
	want := []Kind{CodeIssued, Approved, Tokens, CodeIssued, Denied, CodeIssued, CodeExpired, CodeIssued}
	if !slices.Equal(l.events, want) {
		t.Errorf("events %v, want %v", l.events, want)
	}
}
