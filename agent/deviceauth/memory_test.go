package deviceauth

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// tireless is a server that keeps nothing: always pending, and a new token at each refresh.
func tireless() tripper {
	n := 0
	return func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		n++
		resp := &http.Response{StatusCode: 400, Request: r, Header: http.Header{"Dpop-Nonce": {fmt.Sprint("nonce-", n)}}}
		text := `{"error":"authorization_pending"}`
		if form.Get("grant_type") == "refresh_token" {
			resp.StatusCode = 200
			text = fmt.Sprintf(`{"access_token":"at-%d","token_type":"DPoP","refresh_token":"rt-%d","expires_in":60}`, n, n)
		}
		resp.Body = io.NopCloser(strings.NewReader(text))
		return resp, nil
	}
}

func tirelessClient(tb testing.TB, dpop string) *Client {
	cfg := Config{DeviceAuthorizationEndpoint: deviceURL, TokenEndpoint: tokenURL, ClientID: "printer", HTTP: tireless()}
	bound(dpop, testKey())(&cfg)
	c, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// refreshes are n of them, each with what the one before gave.
func refreshes(tb testing.TB, c *Client, tokenType string, n int) {
	g := grant()
	g.Issuer = ""
	for range n {
		var err error
		g.TokenType = tokenType
		if g, err = c.Refresh(tb.Context(), g); err != nil {
			tb.Fatal(err)
		}
	}
}

// heap is what is in use after the garbage is gone.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

const allowedGrowth = 256 << 10 // bytes, over 10,000 rounds

// Polling and refreshing need the same memory in the ten thousandth round as in the thousandth.
func TestConstantMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := tirelessClient(t, "off")
		rounds := func(sessions int) {
			for range sessions { // an hour at one poll a second
				p := Pending{DeviceCode: "d", ClientID: "printer", TokenEndpoint: tokenURL, Interval: time.Second, ExpiresIn: time.Hour, Issued: time.Now()}
				_, err := c.Wait(t.Context(), p)
				wantKind(t, err, Expired)
			}
			refreshes(t, c, "Bearer", sessions*3600)
			refreshes(t, c, "DPoP", sessions*100)
		}
		rounds(1)
		before := heap()
		rounds(3)
		if grown := heap() - before; grown > allowedGrowth {
			t.Errorf("%d bytes more after 10,800 polls and refreshes", grown)
		}
		if len(c.oauth.dpop.nonces) != 1 {
			t.Errorf("%d nonces kept", len(c.oauth.dpop.nonces))
		}
	})
}

func BenchmarkPoll(b *testing.B) {
	c := tirelessClient(b, "on")
	w := c.pollSession(Pending{DeviceCode: "d", TokenEndpoint: tokenURL, Interval: time.Second}, time.Now())
	b.ReportAllocs()
	before := heap()
	for b.Loop() {
		r, err := w.poll(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := w.afterError(r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(heap()-before), "B-kept")
}

func BenchmarkRefresh(b *testing.B) {
	c := tirelessClient(b, "on")
	b.ReportAllocs()
	before := heap()
	for b.Loop() {
		refreshes(b, c, "DPoP", 1)
	}
	b.ReportMetric(float64(heap()-before), "B-kept")
}
