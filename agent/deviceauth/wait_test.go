package deviceauth

import (
	"context"
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
	trouble := []wire{
		{err: errors.New("dial tcp: network is unreachable")},
		{err: syscall.ECONNRESET, lost: true},
		says(500, ""), says(502, "<html>"), says(503, `{"error":"temporarily_unavailable"}`), says(429, ""),
		says(500, `{"error":"access_denied"}`), says(404, `{"error":"Not Found"}`), says(403, "<html>blocked</html>"),
		says(302, "", "Location", "http://portal.example/"), says(511, ""), says(400, ""), says(408, ""),
		says(200, `{"error":"temporarily_unavailable"}`),
	}
	for _, w := range trouble {
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

func proveTroubleTold(t *testing.T) {
	var told []string
	tell := func(c *Config) {
		c.OnWait = func(e *Error) {
			if told = append(told, "over"); e != nil {
				told[len(told)-1] = string(e.Kind)
			}
		}
	}
	script := []wire{pending(), {err: errors.New("no route")}, says(503, ""), pending(), pending(), says(502, ""), slowDown(), says(500, ""), says(200, tokenJSON)}
	flow(t, script, func(t *testing.T, _ *server, _ time.Time, _ Token, err error) {
		want := "no_network server over server over server over"
		if got := strings.Join(told, " "); got != want || err != nil {
			t.Errorf("told %q, want %q (%v)", got, want, err)
		}
	}, tell)
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
	_, err = c.Refresh(t.Context(), Token{RefreshToken: "r"})
	wantKind(t, err, ClockUnset)
	_, err = c.Metadata(t.Context())
	wantKind(t, err, ClockUnset)
	if len(s.calls) != 0 {
		t.Errorf("%d requests", len(s.calls))
	}
}

// A press or a shutdown ends the wait at once, in the middle of a sleep or of a request.
func TestWaitEndsWithItsContext(t *testing.T) {
	hang := wire{err: errors.New("never"), after: time.Hour}
	for _, script := range []wire{pending(), hang} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t).on(deviceURL, says(200, deviceJSON)).on(tokenURL, script)
			c := s.client()
			p := begin(t, c)
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
			defer cancel()
			start := time.Now()
			if _, err := c.Wait(ctx, p); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 6*time.Second {
				t.Errorf("%v after %v", err, time.Since(start))
			}
		})
	}
}
