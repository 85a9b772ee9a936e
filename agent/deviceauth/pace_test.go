package deviceauth

import (
	"errors"
	"testing"
	"time"
)

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

// No poll comes sooner than the interval after the answer before, whatever the server says between.
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
	slow := says(429, `{"error":"slow_down"}`, "Retry-After", "40")
	flow(t, []wire{slow, pending(), says(200, tokenJSON)}, func(t *testing.T, s *server, start time.Time, _ Token, _ error) {
		polledAfter(t, s, start, 5, 40, 10)
	})
	flow(t, []wire{says(503, "", "Retry-After", "7200")}, func(t *testing.T, s *server, start time.Time, _ Token, err error) {
		wantKind(t, err, Expired)
		polledAfter(t, s, start, 5)
	})
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Second, " 7 ": 7 * time.Second, "-5": 0, "1.5": 0, "soon": 0, "999999": time.Hour,
		"99999999999999999999999999": time.Hour, "Fri, 02 Jan 2026 03:05:05 GMT": time.Minute,
		"Fri, 02 Jan 2026 03:00:00 GMT": 0, "Sat, 02 Jan 2027 03:05:05 GMT": time.Hour,
	} {
		if got := retryAfter(field, now); got != want {
			t.Errorf("%q: %v, want %v", field, got, want)
		}
	}
}

func TestPace(t *testing.T) {
	now := time.Now()
	p := pace{interval: 600 * time.Second}
	if got := p.trouble(now, 0).Sub(now); got != 600*time.Second {
		t.Errorf("an interval beyond the cap is kept: %v", got)
	}
	p = pace{interval: 59 * time.Minute}
	for range 100 {
		p.slowDown(now, 0)
	}
	if p.interval != time.Hour {
		t.Errorf("interval %v has no limit", p.interval)
	}
	p = pace{interval: time.Second}
	for range 1000 { // no overflow, no end of growth below the cap
		p.trouble(now, 0)
	}
	if got := p.trouble(now, 1<<62).Sub(now); got != time.Hour || p.rest != time.Minute {
		t.Errorf("waits %v, rests %v", got, p.rest)
	}
}
