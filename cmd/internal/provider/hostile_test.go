package provider

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Of many that come at once with the same secret, one is served.
func TestOnlyOneWins(t *testing.T) {
	l := newLab(t, nil)
	begun := l.begin()
	l.person().signIn("alice", "wonder").enter(begun.str("user_code")).decide("approve")
	race := func(what string, ask func() reply) {
		var wg sync.WaitGroup
		var won atomic.Int32
		for range 20 {
			wg.Go(func() {
				if ask().status == http.StatusOK {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%s: %d of 20 served", what, won.Load())
		}
	}
	race("device code", func() reply { return l.poll(begun.str("device_code")) })
	token := l.paired().str("refresh_token")
	race("refresh token", func() reply { return l.refresh(token) })
}

// Whatever is sent to an endpoint is answered in its own terms, and no server error.
func FuzzEndpoints(f *testing.F) {
	p, err := New(Options{
		Issuer:  "http://127.0.0.1:1",
		Clients: []Client{{ID: "c", Scopes: allScopes}},
		Users:   []User{{Subject: "u", Username: "u", Password: "u"}},
		Key:     testKey(),
	})
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{"/token", "/revoke", "/device_authorization", "/device", "/signin", "/consent", "/userinfo"} {
		f.Add(path, "application/x-www-form-urlencoded", "Basic Yzo=", "client_id=c&scope=openid&grant_type=refresh_token&refresh_token=x")
	}
	f.Add("/token", "", "Bearer x", "%zz;=&&&client_id=c&client_id=c")
	f.Add("/userinfo", "text/plain", "Bearer eyJhbGciOiJub25lIn0.e30.", "")
	f.Fuzz(func(t *testing.T, path, contentType, authorization, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.URL.Path = path
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code >= 500 || w.Code == 0 {
			t.Errorf("%s: %d", path, w.Code)
		}
		if strings.Contains(w.Body.String(), "access_token") {
			t.Errorf("%s: tokens for nothing", path)
		}
	})
}

func FuzzTypedCode(f *testing.F) {
	f.Add("wdjb mjht")
	f.Add("\u0131\u017f\u212a\x00") // letters whose capitals are others
	f.Fuzz(func(t *testing.T, typed string) {
		code := normalize(typed)
		if strings.Trim(code, alphabet) != "" || normalize(code) != code || normalize(strings.ToLower(code)) != code {
			t.Errorf("%q is %q", typed, code)
		}
	})
}
