package telemetry

import (
	"strings"
	"testing"
	"time"
)

func TestSameLogin(t *testing.T) {
	a := Credentials{AccessToken: "a", IDToken: "i", Subject: "s", ClientID: "c", Claims: map[string]any{"plan": "p"}, Expiry: noon}
	b := a
	b.AccessToken, b.Expiry = "b", noon.Add(time.Hour)
	for name, c := range map[string]struct {
		change func(*Options)
		same   bool
	}{
		"token":         {func(o *Options) {}, false},
		"static":        {func(o *Options) { o.Username, o.Password = "lamp", "static" }, true},
		"claim":         {func(o *Options) { o.Username, o.Password = "{claim:plan}", "{sub}" }, true},
		"header":        {func(o *Options) { o.URL, o.Preset = "wss://b.example", "ws-bearer" }, false},
		"client id":     {func(o *Options) { o.ClientID, o.Password = "{access_token}", "static" }, false},
		"no such claim": {func(o *Options) { o.Username, o.Password = "{claim:none}", "static" }, false},
	} {
		l := newBench(t, c.change)
		if l.Same(a, b) != c.same {
			t.Errorf("%s: Same is %v", name, !c.same)
		}
		if !c.same && name != "no such claim" && !l.Same(a, a) {
			t.Errorf("%s: not the same as itself", name)
		}
	}
}

// A token's end that was read from a file is a wall time; a running session keeps to the monotonic clock.
func TestTokenEndIsMonotonic(t *testing.T) {
	now := time.Now()
	wall := Credentials{Expiry: now.Add(time.Hour).Round(0)}
	if end := newBench(t, nil).tokenEnd(wall, now); end.Sub(now) != time.Hour || !strings.Contains(end.String(), " m=") {
		t.Errorf("the session ends at %v", end)
	}
	static := newBench(t, func(o *Options) { o.Password = "static" })
	if end := static.tokenEnd(wall, now); !end.IsZero() {
		t.Errorf("a session without a token ends at %v", end)
	}
}
