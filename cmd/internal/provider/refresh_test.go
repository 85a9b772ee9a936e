package provider

import (
	"net/http"
	"testing"
	"time"
)

// RFC 9700 section 4.14.2: "the authorization server issues a new refresh token with every access token
// refresh response. The previous refresh token is invalidated".
func TestRefreshRotates(t *testing.T) {
	l := newLab(t, nil)
	first := l.paired()
	second := l.refresh(first.str("refresh_token"))
	if second.status != http.StatusOK || second.str("refresh_token") == "" || second.str("refresh_token") == first.str("refresh_token") {
		t.Fatalf("refresh: %d %v", second.status, second.fields)
	}
	if second.str("access_token") == first.str("access_token") || second.str("id_token") == "" {
		t.Errorf("tokens not renewed: %v", second.fields)
	}
	if third := l.refresh(second.str("refresh_token")); third.status != http.StatusOK {
		t.Errorf("second refresh: %d %v", third.status, third.fields)
	}
}

// "The authorization server cannot determine which party submitted the invalid refresh token, but it
// will revoke the active refresh token."
func TestReuseEndsTheGrant(t *testing.T) {
	l := newLab(t, nil)
	first := l.paired().str("refresh_token")
	second := l.refresh(first).str("refresh_token")
	l.wantError(l.refresh(first), http.StatusBadRequest, "invalid_grant")
	l.wantError(l.refresh(second), http.StatusBadRequest, "invalid_grant")
	if last := l.events[len(l.events)-1]; last != Reused {
		t.Errorf("last event %s, want %s", last, Reused)
	}
}

// Within the grace a lost answer can be asked for again; the token it carried is dead then.
func TestGrace(t *testing.T) {
	l := newLab(t, func(o *Options) { o.Rotation.Grace = 30 * time.Second })
	first := l.paired().str("refresh_token")
	lost := l.refresh(first).str("refresh_token")
	l.pass(29 * time.Second)
	second := l.refresh(first)
	if second.status != http.StatusOK {
		t.Fatalf("repeated refresh: %d %v", second.status, second.fields)
	}
	if r := l.refresh(second.str("refresh_token")); r.status != http.StatusOK {
		t.Errorf("refresh after the repeated one: %d %v", r.status, r.fields)
	}
	l.wantError(l.refresh(lost), http.StatusBadRequest, "invalid_grant")
}

func TestGraceEnds(t *testing.T) {
	l := newLab(t, func(o *Options) { o.Rotation.Grace = 30 * time.Second })
	first := l.paired().str("refresh_token")
	l.refresh(first)
	l.pass(20 * time.Second)
	second := l.refresh(first).str("refresh_token")
	l.pass(10 * time.Second)
	l.wantError(l.refresh(first), http.StatusBadRequest, "invalid_grant")
	l.wantError(l.refresh(second), http.StatusBadRequest, "invalid_grant")
}

// RFC 6749 section 6: the scope "MUST NOT include any scope not originally granted by the resource
// owner".
func TestRefreshNarrows(t *testing.T) {
	l := newLab(t, nil)
	token := l.paired().str("refresh_token")
	l.wantError(l.refresh(token, "scope", "openid telemetry"), http.StatusBadRequest, "invalid_scope")
	r := l.refresh(token, "scope", "openid")
	if r.str("scope") != "openid" {
		t.Errorf("narrowed: %v", r.fields)
	}
	if r = l.refresh(r.str("refresh_token")); r.str("scope") != "openid profile email offline_access" {
		t.Errorf("the grant itself was narrowed: %v", r.fields)
	}
}

// RFC 8707 section 2.2: a refresh may ask for a token for another resource.
func TestResource(t *testing.T) {
	l := newLab(t, nil)
	token := l.paired().str("refresh_token")
	r := l.refresh(token, "resource", "https://print.example.com")
	if aud := l.claims(r.str("access_token"))["aud"]; aud != "https://print.example.com" {
		t.Errorf("aud %v", aud)
	}
	l.wantError(l.refresh(r.str("refresh_token"), "resource", "https://other.example.com"), http.StatusBadRequest, "invalid_target")
	l.wantError(l.post("/device_authorization", "client_id", "printer", "resource", "x"), http.StatusBadRequest, "invalid_target")
}

// RFC 6749 section 6: the server MUST "verify that the refresh token was issued to the authenticated
// client". The rightful one keeps it.
func TestRefreshTokenOfAnotherClient(t *testing.T) {
	l := newLab(t, nil)
	token := l.paired().str("refresh_token")
	l.wantError(l.post("/token", "grant_type", "refresh_token", "client_id", "cli", "refresh_token", token), http.StatusBadRequest, "invalid_grant")
	if r := l.refresh(token); r.status != http.StatusOK {
		t.Errorf("refresh: %d %v", r.status, r.fields)
	}
}

func TestRefreshTokenRunsOut(t *testing.T) {
	l := newLab(t, func(o *Options) { o.RefreshLifetime = time.Hour })
	token := l.paired().str("refresh_token")
	for range 3 {
		l.pass(59 * time.Minute)
		token = l.refresh(token).str("refresh_token")
	}
	l.pass(time.Hour)
	l.wantError(l.refresh(token), http.StatusBadRequest, "invalid_grant")
}

func TestRotationOff(t *testing.T) {
	l := newLab(t, func(o *Options) {
		o.Rotation.Off = true
		o.Clients = []Client{{ID: "printer", Name: "Printer", Secret: "x", Scopes: allScopes}}
	})
	begun := l.begin("client_secret", "x")
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	token := l.post("/token", "grant_type", grantDevice, "client_id", "printer", "client_secret", "x",
		"device_code", begun.str("device_code")).str("refresh_token")
	for range 2 {
		if r := l.refresh(token, "client_secret", "x"); r.status != http.StatusOK || r.str("refresh_token") != "" {
			t.Errorf("refresh: %d %v", r.status, r.fields)
		}
	}
}

// RFC 7009 section 2.2: the server answers 200 "if the token has been revoked successfully or if the
// client submitted an invalid token."
func TestRevoke(t *testing.T) {
	l := newLab(t, nil)
	tokens := l.paired()
	refresh := tokens.str("refresh_token")
	l.wantError(l.post("/revoke", "client_id", "cli", "token", refresh), http.StatusBadRequest, "invalid_request")
	l.wantError(l.post("/revoke", "client_id", "unregistered", "token", refresh), http.StatusUnauthorized, "invalid_client")
	l.wantError(l.post("/revoke", "client_id", "printer"), http.StatusBadRequest, "invalid_request")
	l.wantError(l.post("/revoke", "client_id", "printer", "token", tokens.str("access_token")), http.StatusBadRequest, "unsupported_token_type")
	if r := l.post("/revoke", "client_id", "printer", "token", "never seen"); r.status != http.StatusOK {
		t.Errorf("unknown token: %d", r.status)
	}
	if r := l.post("/revoke", "client_id", "printer", "token", refresh, "token_type_hint", "access_token"); r.status != http.StatusOK {
		t.Errorf("revoke: %d %v", r.status, r.fields)
	}
	l.wantError(l.refresh(refresh), http.StatusBadRequest, "invalid_grant")
}

// Where grants are shared, revoking or reusing one token of a user and a client ends all of theirs, and no other.
func TestSharedGrants(t *testing.T) {
	for name, end := range map[string]func(*lab, string){
		"revoked": func(l *lab, token string) { l.post("/revoke", "client_id", "printer", "token", token) },
		"reused":  func(l *lab, token string) { l.refresh(token); l.refresh(token) },
	} {
		for _, shared := range []bool{true, false} {
			l := newLab(t, func(o *Options) { o.SharedGrants = shared })
			old, newer := l.paired().str("refresh_token"), l.paired().str("refresh_token")
			begun := l.begin()
			if err := l.p.Decide(begun.str("user_code"), "bob", Approve); err != nil {
				t.Fatal(err)
			}
			bobs := l.poll(begun.str("device_code")).str("refresh_token")
			end(l, old)
			if ended := l.refresh(newer).status != http.StatusOK; ended != shared {
				t.Errorf("%s, shared %v: the newer grant ended: %v", name, shared, ended)
			}
			if r := l.refresh(bobs); r.status != http.StatusOK {
				t.Errorf("%s, shared %v: the grant of another user: %v", name, shared, r.fields)
			}
		}
	}
}
