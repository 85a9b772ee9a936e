package deviceauth

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// In one process the monotonic clock counts; after a restart the wall clock may have gone anywhere.
func proveExpiry(t *testing.T) {
	flow(t, []wire{pending()}, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
		wantKind(t, err, Expired)
		if time.Since(start) != 10*time.Minute || len(s.to(tokenURL)) != 119 {
			t.Errorf("ended after %v and %d polls", time.Since(start), len(s.to(tokenURL)))
		}
	})
	now := time.Now()
	wall := now.Round(0) // no monotonic reading
	for _, tt := range []struct {
		issued time.Time
		want   time.Duration
	}{
		{now, 10 * time.Minute},
		{wall.Add(-4 * time.Minute), 6 * time.Minute},
		{wall.Add(-time.Hour), -50 * time.Minute},
		{wall.Add(time.Hour), 10 * time.Minute}, // the clock went back: no longer than it ever was
	} {
		got := remaining(Pending{Issued: tt.issued, ExpiresIn: 10 * time.Minute}, now)
		if got.Round(time.Second) != tt.want {
			t.Errorf("issued %v: %v left, want %v", tt.issued.Sub(now), got, tt.want)
		}
	}
}

func proveResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, pending())
		s.on(issuer+"/.well-known/openid-configuration", says(200, metadataJSON(map[string]any{"code_challenge_methods_supported": []string{"S256"}})))
		ctx, cancel := context.WithTimeout(t.Context(), 62*time.Second)
		defer cancel()
		before := s.client()
		p := begin(t, before)
		if _, err := before.Wait(ctx, p); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		kept, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second) // the reboot
		var resumed Pending
		if err := json.Unmarshal(kept, &resumed); err != nil {
			t.Fatal(err)
		}
		s.on(tokenURL, pending(), says(200, tokenJSON))
		start := time.Now()
		n := len(s.to(tokenURL))
		tok, err := s.client().Wait(t.Context(), resumed)
		if err != nil || tok.AccessToken != "at-1" {
			t.Fatal(tok, err)
		}
		polls := s.to(tokenURL)[n:]
		if got := gaps(start, polls); !slices.Equal(got, []time.Duration{s5, s5}) {
			t.Errorf("resumed polls after %v", got)
		}
		if f := polls[1].form; f.Get("device_code") != "dc-secret" || challenge(f.Get("code_verifier")) != s.to(deviceURL)[0].form.Get("code_challenge") {
			t.Errorf("resumed with %v", f)
		}
	})
	synctest.Test(t, func(t *testing.T) { // nobody lengthens a session by rebooting
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, pending())
		p := begin(t, s.client())
		start := time.Now()
		time.Sleep(9 * time.Minute)
		_, err := s.client().Wait(t.Context(), p)
		wantKind(t, err, Expired)
		if time.Since(start) != 10*time.Minute {
			t.Errorf("ended after %v", time.Since(start))
		}
		_, err = s.client().Wait(t.Context(), p)
		wantKind(t, err, Expired)
		if time.Since(start) != 10*time.Minute {
			t.Error("an old session takes no time")
		}
	})
}

func proveForeignSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, says(200, tokenJSON))
		p := begin(t, s.client())
		for name, other := range map[string]func(*Pending){
			"issuer":   func(p *Pending) { p.Issuer = "https://other.example" },
			"client":   func(p *Pending) { p.ClientID = "other" },
			"endpoint": func(p *Pending) { p.TokenEndpoint = "https://other.example/token" },
			"none":     func(p *Pending) { p.TokenEndpoint = "" },
			"code":     func(p *Pending) { p.DeviceCode = "" },
		} {
			q := p
			other(&q)
			_, err := s.client().Wait(t.Context(), q)
			if wantKind(t, err, Expired); len(s.to(tokenURL)) != 0 {
				t.Errorf("the device code went out, with another %s", name)
			}
		}
	})
}
