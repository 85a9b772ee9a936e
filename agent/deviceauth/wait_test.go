package deviceauth

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, pending(), slowDown(), says(200, tokenJSON))
		c := s.client()
		start := time.Now()
		p := begin(t, c)
		tok, err := c.Wait(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		if tok.AccessToken != "at-1" || tok.TokenType != "Bearer" || tok.Expiry.Sub(time.Now()) != time.Hour {
			t.Errorf("got %+v", tok)
		}
		want := []time.Duration{5 * time.Second, 5 * time.Second, 10 * time.Second}
		if got := gaps(start, s.to(tokenURL)); !slices.Equal(got, want) {
			t.Errorf("polls after %v, want %v", got, want)
		}
		s.on(tokenURL, says(200, `{"access_token":"at-2","token_type":"bearer","expires_in":60}`))
		fresh, err := c.Refresh(t.Context(), tok)
		if err != nil || fresh.AccessToken != "at-2" || fresh.RefreshToken != "rt-1" {
			t.Errorf("refresh: %+v, %v", fresh, err)
		}
	})
}
