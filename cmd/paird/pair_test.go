package main

import (
	"context"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/control"
)

// after is a stream of that event alone, which comes when the time is over; "" is none, and the stream ends.
func after(d time.Duration, event string) iter.Seq2[control.Event, error] {
	return func(yield func(control.Event, error) bool) {
		time.Sleep(d)
		if event != "" {
			yield(control.Event(event), nil)
		}
	}
}

// TestPairWaitSaysWhatKeepsTheCodeAway, once, and goes on waiting: the daemon tries again. Beside a code it says nothing: that
// may be about the account before.
func TestPairWaitSaysWhatKeepsTheCodeAway(t *testing.T) {
	problem := func(code control.ProblemCode, detail string) control.Status {
		return control.Status{Problem: &control.Problem{Code: code, Detail: detail}}
	}
	beside := problem(control.ProblemTLS, "not trusted")
	beside.Pairing = &control.Pairing{UserCode: "A"}
	for name, c := range map[string]struct {
		status control.Status
		says   string
	}{
		"server":        {problem(control.ProblemServer, "no answer"), "paird: no answer\n"},
		"client":        {problem(control.ProblemConfig, "unknown client"), "paird: unknown client\n"},
		"broker":        {problem(control.ProblemBroker, "no answer"), ""},
		"beside a code": {beside, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var stderr strings.Builder
				p := &program{stdout: new(strings.Builder), stderr: &stderr}
				status := func() control.Status { return c.status }
				if code := p.report(p.outcome(t.Context(), status, after(2200*time.Millisecond, `{"type":"denied"}`))); code != exitDenied {
					t.Errorf("exit %d", code)
				}
				if got, _, _ := strings.Cut(stderr.String(), "paird: the request was denied"); got != c.says {
					t.Errorf("it says %q, want %q", got, c.says)
				}
			})
		})
	}
}

// TestPairWaitEnds with the daemon, and at Ctrl-C.
func TestPairWaitEnds(t *testing.T) {
	p := &program{stdout: new(strings.Builder), stderr: new(strings.Builder)}
	status := func() control.Status { return control.Status{State: control.StatePairing} }
	if code := p.report(p.outcome(t.Context(), status, after(0, ""))); code != exitNoDaemon {
		t.Errorf("exit %d where the daemon ended", code)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := p.outcome(ctx, status, after(0, "")); err == nil || !strings.HasPrefix(err.Error(), "stopped waiting") {
		t.Errorf("at Ctrl-C: %v", err)
	}
}
