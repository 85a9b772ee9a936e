package deviceauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// flow runs a whole session in a bubble against a server whose token endpoint has this script.
func flow(t *testing.T, script []wire, check func(t *testing.T, s *server, start time.Time, tok Token, err error), edit ...func(*Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, script...)
		c := s.client(edit...)
		start := time.Now()
		tok, err := c.Wait(t.Context(), begin(t, c))
		check(t, s, start, tok, err)
	})
}

// polledAfter checks the times between the codes and the polls, in seconds.
func polledAfter(t *testing.T, s *server, start time.Time, want ...float64) {
	t.Helper()
	var got []float64
	for _, g := range gaps(start, s.to(tokenURL)) {
		got = append(got, g.Seconds())
	}
	if !slices.Equal(got, want) {
		t.Errorf("polls after %v s, want %v", got, want)
	}
}

func proveGrantType(t *testing.T) {
	flow(t, []wire{says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, _ Token, _ error) {
		const want = "client_id=printer&device_code=dc-secret&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
		if got := s.to(tokenURL)[0].raw; got != want {
			t.Errorf("polled with %q", got)
		}
	})
}

// Everything that can come between us and the server, in one session.
func proveSurvives(t *testing.T) {
	failures := []wire{
		{err: errors.New("dial tcp: network is unreachable")},
		{err: syscall.ECONNRESET, lost: true},
		says(500, ""), says(502, "<html>"), says(503, `{"error":"temporarily_unavailable"}`), says(429, ""),
		says(500, `{"error":"access_denied"}`), says(404, `{"error":"Not Found"}`), says(403, "<html>blocked</html>"),
		says(302, "", "Location", "http://portal.example/"), says(511, ""), says(400, ""), says(408, ""),
		says(200, `{"error":"temporarily_unavailable"}`),
	}
	for _, w := range failures {
		flow(t, []wire{w, w, w, says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
			if err != nil || tok.AccessToken != "at-1" || len(s.to(tokenURL)) != 4 {
				t.Errorf("%+v ended it: %v after %d polls", w, err, len(s.to(tokenURL)))
			}
		})
		flow(t, []wire{w}, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
			wantKind(t, err, Expired)
			if now := time.Since(start); now != 10*time.Minute {
				t.Errorf("%+v: gave up after %v", w, now)
			}
		})
	}
}

func proveFailuresReported(t *testing.T) {
	var reported []string
	record := func(c *Config) {
		c.OnWait = func(e *Error) {
			if reported = append(reported, "over"); e != nil {
				reported[len(reported)-1] = string(e.Kind)
			}
		}
	}
	script := []wire{pending(), {err: errors.New("no route")}, says(503, ""), pending(), pending(), says(502, ""), slowDown(), says(500, ""), says(200, tokenJSON)}
	flow(t, script, func(t *testing.T, _ *server, _ time.Time, _ Token, err error) {
		want := "no_network server over server over server over"
		if got := strings.Join(reported, " "); got != want || err != nil {
			t.Errorf("reported %q, want %q (%v)", got, want, err)
		}
	}, record)
}

func proveStops(t *testing.T) {
	for code, kind := range map[string]Kind{
		"access_denied": Denied, "expired_token": Expired, "invalid_grant": Expired, "invalid_request": Expired,
		"something_new": Expired, "invalid_client": Misconfigured, "unauthorized_client": Misconfigured,
		"unsupported_grant_type": Misconfigured, "invalid_scope": Misconfigured, "invalid_target": Misconfigured,
		"invalid_dpop_proof": Misconfigured,
	} {
		for _, status := range []int{200, 400, 401, 403, 428} {
			answer := says(status, fmt.Sprintf(`{"error":%q,"error_description":"of dc-secret"}`, code))
			flow(t, []wire{pending(), answer}, func(t *testing.T, s *server, _ time.Time, _ Token, err error) {
				e := wantKind(t, err, kind)
				if len(s.to(tokenURL)) != 2 || !strings.Contains(e.Detail, code) || strings.Contains(e.Error(), "dc-secret") {
					t.Errorf("%s: %d polls, %v", code, len(s.to(tokenURL)), e)
				}
			})
		}
	}
}

func proveNotAgain(t *testing.T) {
	for _, body := range []string{tokenJSON, `{"access_token":"at-1","token_type":"mac"}`, `{"access_token":"at-1","token_type":"Bearer","id_token":"x.y.z"}`} {
		flow(t, []wire{says(200, body)}, func(t *testing.T, s *server, _ time.Time, _ Token, _ error) {
			time.Sleep(time.Hour)
			if n := len(s.to(tokenURL)); n != 1 {
				t.Errorf("%s: the code was sent %d times", body, n)
			}
		})
	}
}

func proveForeign200(t *testing.T) {
	for _, body := range []string{"", tokenJSON[:30], "<html>sign in</html>", "OK", `{"hello":"world"}`, `[]`, strings.Repeat(" ", 70<<10) + tokenJSON} {
		flow(t, []wire{says(200, body), says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, tok Token, err error) {
			if err != nil || tok.AccessToken != "at-1" {
				t.Errorf("%.40q: %v", body, err)
			}
		})
	}
}

func proveClock(t *testing.T) {
	s := newServer(t)
	c := s.client(func(c *Config) { c.ClockSet = func() bool { return false } })
	_, err := c.Begin(t.Context())
	wantKind(t, err, ClockUnset)
	_, err = c.Wait(t.Context(), Pending{DeviceCode: "d"})
	wantKind(t, err, ClockUnset)
	_, err = c.Metadata(t.Context())
	wantKind(t, err, ClockUnset)
	if len(s.calls) != 0 {
		t.Errorf("%d requests", len(s.calls))
	}
}

// A press or a shutdown ends a pause at once. A request that is under way is awaited, for 2 s.
func TestWaitEndsWithItsContext(t *testing.T) {
	late := func(w wire) wire { w.after = 2900 * time.Millisecond; return w }
	for name, tt := range map[string]struct {
		script wire
		ends   time.Duration
		err    error
		kind   Kind
	}{
		"pause":             {pending(), 6 * time.Second, context.DeadlineExceeded, ""},
		"hanging request":   {wire{err: errors.New("never"), after: time.Hour}, 8 * time.Second, context.DeadlineExceeded, ""},
		"pending, late":     {late(pending()), 7900 * time.Millisecond, context.DeadlineExceeded, ""},
		"unavailable, late": {late(says(503, "")), 7900 * time.Millisecond, context.DeadlineExceeded, ""},
		"denied, late":      {late(says(400, `{"error":"access_denied"}`)), 7900 * time.Millisecond, nil, Denied},
		"approved, late":    {late(says(200, tokenJSON)), 7900 * time.Millisecond, nil, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, tt.script)
			c := s.client()
			p := begin(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			start := time.Now()
			tok, err := c.Wait(ctx, p)
			if time.Since(start) != tt.ends || len(s.to(tokenURL)) != 1 {
				t.Errorf("%s: ended after %v and %d polls", name, time.Since(start), len(s.to(tokenURL)))
			}
			switch {
			case tt.kind != "":
				wantKind(t, err, tt.kind)
			case !errors.Is(err, tt.err), tt.err == nil && tok.RefreshToken != "rt-1":
				t.Errorf("%s: %+v, %v", name, tok, err)
			}
		})
	}
}

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
	synctest.Test(t, func(t *testing.T) { // a reboot does not lengthen a session
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
			_, err := s.client(func(c *Config) { c.TokenEndpoint = tokenURL }).Wait(t.Context(), q)
			if wantKind(t, err, Expired); len(s.to(tokenURL)) != 0 || len(s.to("https://other.example/token")) != 0 {
				t.Errorf("the device code went out, with another %s", name)
			}
		}
	})
}

func proveWaitFromAnswer(t *testing.T) {
	late := pending()
	late.after = 4600 * time.Millisecond
	flow(t, []wire{late, late, says(200, tokenJSON)}, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
		if err != nil {
			t.Fatal(err)
		}
		polledAfter(t, s, start, 5, 9.6, 9.6)
	})
}

// No poll comes sooner than the interval after the response before, whatever the server says between.
func proveInterval(t *testing.T) {
	answers := []wire{pending(), slowDown(), says(503, ""), says(429, "", "Retry-After", "1"), {err: errors.New("cut")}, useNonce(400, "n")}
	for i := range 36 {
		script := []wire{answers[i%6], answers[i/6], says(200, tokenJSON)}
		flow(t, script, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
			if err != nil {
				t.Fatal(err)
			}
			for _, gap := range gaps(start, s.to(tokenURL)) {
				if gap < 5*time.Second {
					t.Errorf("%+v: polled after %v", script, gap)
				}
			}
		})
	}
}

func proveSlowDown(t *testing.T) {
	slower := says(400, `{"error":"slow_down","interval":"30"}`)
	faster := says(400, `{"error":"slow_down","interval":1}`)
	flow(t, []wire{slowDown(), pending(), slower, faster, pending(), says(200, tokenJSON)},
		func(t *testing.T, s *server, start time.Time, _ Token, err error) {
			if err != nil {
				t.Fatal(err)
			}
			polledAfter(t, s, start, 5, 10, 10, 30, 35, 35)
		})
}

func proveSlowDownIsKept(t *testing.T) {
	var kept []Pending
	flow(t, []wire{slowDown(), pending(), slowDown(), says(200, tokenJSON)}, func(t *testing.T, s *server, _ time.Time, _ Token, err error) {
		if err != nil || len(kept) != 2 || kept[0].Interval != 10*time.Second || kept[1].Interval != 15*time.Second || kept[1].DeviceCode != "dc-secret" {
			t.Errorf("kept %+v, %v", kept, err)
		}
	}, func(c *Config) { c.OnChange = func(p Pending) { kept = append(kept, p) } })
}

func proveBackOff(t *testing.T) {
	hang := wire{err: errors.New("never"), after: time.Hour}
	script := []wire{hang, hang, hang, hang, hang, pending(), hang, says(200, tokenJSON)}
	flow(t, script, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
		if err != nil {
			t.Fatal(err)
		}
		// Each hanging request takes its 20 s; the waits are 10, 20, 40, 60, 60, then 5 again, then 10.
		polledAfter(t, s, start, 5, 30, 40, 60, 80, 80, 5, 30)
	})
}

func proveRetryAfter(t *testing.T) {
	flow(t, []wire{says(503, "", "Retry-After", "90"), says(429, "", "Retry-After", "1"), says(200, tokenJSON)},
		func(t *testing.T, s *server, start time.Time, _ Token, err error) {
			if err != nil {
				t.Fatal(err)
			}
			polledAfter(t, s, start, 5, 90, 20)
		})
	flow(t, []wire{says(400, `{"error":"authorization_pending"}`, "Retry-After", "30"), pending(), says(200, tokenJSON)},
		func(t *testing.T, s *server, start time.Time, _ Token, err error) { polledAfter(t, s, start, 5, 30, 5) })
	slow := says(429, `{"error":"slow_down"}`, "Retry-After", "40")
	flow(t, []wire{slow, pending(), says(200, tokenJSON)}, func(t *testing.T, s *server, start time.Time, _ Token, _ error) {
		polledAfter(t, s, start, 5, 40, 10)
	})
	flow(t, []wire{says(503, "", "Retry-After", "7200")}, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
		wantKind(t, err, Expired)
		polledAfter(t, s, start, 5)
	})
}

func TestPollSchedule(t *testing.T) {
	now := time.Now()
	p := pollSchedule{interval: 600 * time.Second}
	if got := p.afterFailure(now, 0).Sub(now); got != 600*time.Second {
		t.Errorf("an interval beyond the cap is kept: %v", got)
	}
	p = pollSchedule{interval: 59 * time.Minute}
	for range 100 {
		p.afterSlowDown(now, 0)
	}
	if p.interval != time.Hour {
		t.Errorf("interval %v has no limit", p.interval)
	}
	p = pollSchedule{interval: time.Second}
	for range 1000 { // no overflow, no end of growth below the cap
		p.afterFailure(now, 0)
	}
	if got := p.afterFailure(now, 1<<62).Sub(now); got != time.Hour || p.backoff != time.Minute {
		t.Errorf("waits %v, rests %v", got, p.backoff)
	}
}
