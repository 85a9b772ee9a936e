package agent

import (
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/gesture"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/display"
)

// viewCase is a state of the device: what status, panel and LED say.
type viewCase struct {
	name   string
	facts  []func(*facts)
	auto   bool
	unset  bool // the clock
	state  control.State
	screen display.Screen
	led    pattern
}

func viewCases(now time.Time) []viewCase {
	grant := store.Grant{Name: "Alice", Subject: "a", AccessToken: "secret", Expiry: now.Add(time.Hour), Refreshed: now}
	code := &deviceauth.Pending{
		UserCode: "WDJB-MJHT", VerificationURI: "https://as/d", VerificationURIComplete: "https://as/d?c",
		ExpiresIn: 10 * time.Minute, Issued: now.Add(-time.Minute), Interval: 5 * time.Second, DeviceCode: "secret",
	}
	isPaired := func(f *facts) { f.paired, f.grant = true, grant }
	online := func(f *facts) { isPaired(f); f.broker.State = control.BrokerOnline }
	wrong := func(code string) func(*facts) {
		return func(f *facts) { f.setProblem("x", control.ProblemCode(code), errors.New("why")) }
	}
	button := func(held time.Duration) func(*facts) {
		return func(f *facts) { f.gesture = gesture.State{Down: true, Since: now.Add(-held)} }
	}
	pairing := display.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://as/d", VerificationURIComplete: "https://as/d?c", Left: 9 * time.Minute}
	at := func(fns ...func(*facts)) []func(*facts) { return fns }
	return []viewCase{
		{"starting", at(func(f *facts) { f.running = false }), false, false, control.StateStarting, display.Starting{Version: "1"}, dark},
		{"starting in trouble", at(func(f *facts) { f.running = false }, wrong("storage")), false, false, control.StateStarting,
			display.Problem{Code: "storage", Detail: "why", Queued: 2}, trouble},
		{"press", at(), false, false, control.StateUnpaired, display.Press{}, waiting},
		{"auto", at(), true, false, control.StateUnpaired, display.Starting{Version: "1"}, waiting},
		{"asking", at(func(f *facts) { f.beginning = true }), false, false, control.StateUnpaired, display.Starting{Version: "1"}, waiting},
		{"asking in vain", at(func(f *facts) { f.beginning = true }, wrong("no_network")), false, false, control.StateUnpaired,
			display.Problem{Code: "no_network", Detail: "why", Queued: 2}, trouble},
		{"denied", at(wrong("denied")), true, false, control.StateUnpaired, display.Press{Problem: "denied"}, waiting},
		{"expired", at(wrong("expired")), false, false, control.StateUnpaired, display.Press{Problem: "expired"}, waiting},
		{"no clock", at(), false, true, control.StateClock, display.Clock{}, trouble},
		{"no clock, paired", at(isPaired), false, true, control.StateClock, display.Clock{}, trouble},
		{"code", at(func(f *facts) { f.pairing = code }), false, false, control.StatePairing, pairing, asking},
		{"code in trouble", at(func(f *facts) { f.pairing = code }, wrong("server")), false, false, control.StatePairing, pairing, asking},
		{"code while paired", at(online, func(f *facts) { f.pairing = code }), false, false, control.StatePairing, pairing, asking},
		{"justPaired", at(online, func(f *facts) { f.justPaired = now.Add(time.Second) }), false, false, control.StatePaired, display.Paired{Account: "Alice"}, steady},
		{"connecting", at(isPaired), false, false, control.StatePaired, display.Paired{Account: "Alice"}, steady},
		{"online", at(online), false, false, control.StatePaired, display.Online{Account: "Alice", Sent: 7, Queued: 2}, steady},
		{"online, no panel", at(online, wrong("panel")), false, false, control.StatePaired, display.Online{Account: "Alice", Sent: 7, Queued: 2}, trouble},
		{"refused", at(isPaired, wrong("broker_auth")), false, false, control.StatePaired, display.Problem{Code: "broker_auth", Detail: "why", Queued: 2}, trouble},
		{"wiped", at(func(f *facts) { f.wiped = &control.ResetResult{Erased: true, Revoked: true} }), false, false, control.StateUnpaired, display.Wiped{}, dark},
		{"wiped offline", at(func(f *facts) { f.wiped = &control.ResetResult{Erased: true} }), false, false, control.StateUnpaired, display.Wiped{Unrevoked: true}, dark},
		{"identify", at(online, func(f *facts) { f.identify = now.Add(time.Second) }), false, false, control.StatePaired, display.Identify{ID: "dev"}, here},
		{"button down", at(online, button(time.Second)), false, false, control.StatePaired, display.Holding{Left: 2 * time.Second}, steady},
		{"held to pair", at(online, button(4*time.Second)), false, false, control.StatePaired, display.Holding{Action: "pair", Left: 6 * time.Second}, steady},
		{"held to reset", at(online, button(11*time.Second)), false, false, control.StatePaired, display.Holding{Action: "reset"}, steady},
		{"stuck", at(online, button(30*time.Second)), false, false, control.StatePaired, display.Online{Account: "Alice", Sent: 7, Queued: 2}, trouble},
		{"not yet stuck", at(online, button(29*time.Second)), false, false, control.StatePaired, display.Holding{Action: "reset"}, steady},
		{"question", at(online, func(f *facts) { f.gesture = gesture.State{Asking: now.Add(9500 * time.Millisecond)} }), false, false,
			control.StatePaired, display.ConfirmReset{Left: 10 * time.Second}, question},
	}
}

func TestView(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o := Options{DeviceName: "Lamp", DeviceID: "dev", Version: "1", Link: &linkModel{}, PairHold: 3 * time.Second, ResetHold: 10 * time.Second}
	for _, tt := range viewCases(now) {
		t.Run(tt.name, func(t *testing.T) {
			f := facts{running: true, problems: map[string]control.Problem{}, reports: map[control.ProblemCode]int{}, broker: control.Broker{State: control.BrokerOff}}
			for _, change := range tt.facts {
				change(&f)
			}
			o := o
			o.StartAuto = tt.auto
			v := newView(o, f, outside{now: now, clockSet: !tt.unset, queue: queue.Stats{Messages: 2}, sent: 7})
			if v.State != tt.state {
				t.Errorf("state %s, want %s", v.State, tt.state)
			}
			if got := screen(v); !reflect.DeepEqual(got, tt.screen) {
				t.Errorf("screen %#v, want %#v", got, tt.screen)
			}
			if got := led(v); got != tt.led {
				t.Errorf("LED %v, want %v", got, tt.led)
			}
		})
	}
}

// The line for `systemctl status`, with nothing in it that comes from a server.
func TestInOneLine(t *testing.T) {
	online := &control.Broker{State: control.BrokerOnline}
	code := &control.Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://as/d"}
	for want, s := range map[string]control.Status{
		"starting":              {State: control.StateStarting},
		"waiting for approval":  {State: control.StatePairing, Pairing: code},
		"paired":                {State: control.StatePaired, Grant: &control.Grant{Name: "Alice", Subject: "a"}},
		"paired, broker online": {State: control.StatePaired, Broker: online},
		"not paired: press the button, or run `paird pair`":             {State: control.StateUnpaired, Broker: online},
		"waiting for the time; problem clock_unset, see `paird status`": {State: control.StateClock, Problem: &control.Problem{Code: "clock_unset"}},
		"paired; problem tls, see `paird status`":                       {State: control.StatePaired, Broker: online, Problem: &control.Problem{Code: "tls", Detail: "why\nMAINPID=1"}},
	} {
		if got := inOneLine(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The service manager gets each change of the status line, once.
func TestSay(t *testing.T) {
	var said []string
	bubble(t, func(l *lab) {
		l.o.Say = func(line string) { l.mu.Lock(); defer l.mu.Unlock(); said = append(said, line) }
	}, func(l *lab) {
		stands := func(want string) {
			t.Helper()
			l.mu.Lock()
			defer l.mu.Unlock()
			if got := said[len(said)-1]; got != want || !slices.Equal(said, slices.Compact(slices.Clone(said))) {
				t.Errorf("%q, want %q", said, want)
			}
		}
		l.pass(time.Minute)
		stands("not paired: press the button, or run `paird pair`")
		l.press(click)
		l.pass(time.Second)
		stands("waiting for approval")
		l.pass(time.Hour)
		stands("paired, broker online")
	})
}

// The status of the contract, all of it and nothing more.
func TestStatus(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	o := Options{Version: "1", DeviceID: "dev", DeviceName: "Lamp", Link: &linkModel{}, Panel: control.Panel{Driver: "sim", Size: "128x64"}}
	f := facts{
		running: true, paired: true,
		grant:    store.Grant{Name: "Alice", Subject: "a", Scope: "s", AccessToken: "secret", RefreshToken: "secret", Expiry: now.Add(90 * time.Second), Refreshed: now},
		pairing:  &deviceauth.Pending{DeviceCode: "secret", UserCode: "U", VerificationURI: "v", ExpiresIn: time.Minute, Issued: now.Add(-1500 * time.Millisecond), Interval: 5 * time.Second},
		broker:   control.Broker{State: control.BrokerOnline, URL: "mqtts://b"},
		problems: map[string]control.Problem{"panel": {Code: "panel", Detail: "no answer"}},
	}
	got := statusOf(o, f, outside{now: now, clockSet: true, clockSync: true, queue: queue.Stats{Messages: 1, Bytes: 2, Dropped: 3}, oversized: 4, unretained: true})
	want := control.Status{
		Version: "1", Device: control.Device{ID: "dev", Name: "Lamp"}, State: control.StatePairing,
		Pairing:  &control.Pairing{UserCode: "U", VerificationURI: "v", ExpiresIn: 59, Interval: 5},
		Grant:    &control.Grant{Subject: "a", Name: "Alice", Scope: "s", ExpiresIn: 90, Refreshed: now},
		Broker:   &control.Broker{State: control.BrokerOnline, URL: "mqtts://b", Oversized: 4, Unretained: true},
		Queue:    &control.Queue{Messages: 1, Bytes: 2, Dropped: 3},
		Panel:    &control.Panel{Driver: "sim", Size: "128x64", Error: "no answer"},
		Clock:    control.Clock{Synchronised: true},
		Problem:  &control.Problem{Code: "panel", Detail: "no answer"},
		Problems: []control.Problem{{Code: "panel", Detail: "no answer"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n got %+v\nwant %+v", got, want)
	}
	// What does not apply is absent.
	bare := statusOf(Options{}, facts{running: true}, outside{now: now, clockSet: true})
	if bare.Pairing != nil || bare.Grant != nil || bare.Broker != nil || bare.Panel != nil || bare.Problem != nil || bare.Problems != nil {
		t.Errorf("%+v", bare)
	}
	// Before the clock is set the status has no time: neither of the grant nor more than a code ever has.
	unset := statusOf(o, f, outside{now: now.AddDate(-56, 0, 0)})
	if unset.Grant.ExpiresIn != 0 || unset.Pairing.ExpiresIn != 60 || unset.Problem.Code != "clock_unset" {
		t.Errorf("%+v %+v", unset.Grant, unset.Pairing)
	}
}

// "`problem` is the highest-ranked", each code is listed once, and which detail does not depend on chance.
func TestRanked(t *testing.T) {
	by := map[string]control.Problem{
		"a": {Code: "panel", Detail: "p"}, "b": {Code: "broker", Detail: "b"}, "c": {Code: "broker_auth", Detail: "ba"}, "d": {Code: "expired", Detail: "e"},
		"e": {Code: "denied", Detail: "d"}, "f": {Code: "server", Detail: "s2"}, "g": {Code: "tls", Detail: "t"}, "h": {Code: "no_network", Detail: "n"},
		"i": {Code: "captive_portal", Detail: "cp"}, "j": {Code: "config", Detail: "c"}, "k": {Code: "storage", Detail: "st"}, "l": {Code: "clock_unset", Detail: "cl"},
		"m": {Code: "server", Detail: "s1"},
	}
	want := []string{"clock_unset cl", "storage st", "config c", "captive_portal cp", "no_network n", "tls t", "server s1", "denied d", "expired e", "broker_auth ba", "broker b", "panel p"}
	for range 20 {
		var got []string
		for _, p := range ranked(by) {
			got = append(got, string(p.Code)+" "+p.Detail)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%v", got)
		}
	}
}

// Whatever kind a failure of the server is, it has a code of the contract.
func TestProblemOf(t *testing.T) {
	for kind, want := range map[deviceauth.Kind]string{
		deviceauth.NoNetwork: "no_network", deviceauth.CaptivePortal: "captive_portal", deviceauth.Server: "server", deviceauth.Misconfigured: "config",
		deviceauth.Denied: "denied", deviceauth.Expired: "expired", deviceauth.ClockUnset: "clock_unset", deviceauth.TLS: "tls",
		deviceauth.Gone: "server", deviceauth.Doubtful: "server", deviceauth.Lost: "server", "": "server",
	} {
		if got := problemOf(kind, true); string(got) != want {
			t.Errorf("%q: %s, want %s", kind, got, want)
		}
	}
	if got := problemOf(deviceauth.TLS, false); got != "clock_unset" {
		t.Errorf("TLS without a clock: %s", got)
	}
}

func TestLit(t *testing.T) {
	since := time.Unix(0, 0)
	at := func(d time.Duration) time.Time { return since.Add(d) }
	for _, tt := range []struct {
		p    pattern
		now  time.Duration
		on   bool
		next time.Duration // -1: never
	}{
		{dark, 5 * time.Second, false, -1},
		{steady, 5 * time.Hour, true, -1},
		{asking, 0, true, 500 * time.Millisecond},
		{asking, 500 * time.Millisecond, false, time.Second},
		{asking, 1700 * time.Millisecond, false, 2 * time.Second},
		{waiting, 3050 * time.Millisecond, true, 3100 * time.Millisecond},
	} {
		on, next := tt.p.lit(since, at(tt.now))
		want := time.Time{}
		if tt.next >= 0 {
			want = at(tt.next)
		}
		if on != tt.on || !next.Equal(want) {
			t.Errorf("%v at %v: %v until %v", tt.p, tt.now, on, next)
		}
	}
}

// The LED follows the device, and only when it changes.
func TestLED(t *testing.T) {
	var switches counter
	bubble(t, func(l *lab) {
		l.o.LED = func(bool) error { switches.next(); return nil }
	}, func(l *lab) {
		before := switches.n()
		l.pass(30 * time.Second) // one flash in three seconds
		if n := switches.n() - before; n < 20 || n > 22 {
			t.Errorf("%d switches", n)
		}
	})
}

// A grant of another issuer, client or token endpoint than the configuration names is sent nowhere.
func TestForeign(t *testing.T) {
	own := store.Binding{Issuer: "https://as", ClientID: "lamp", TokenEndpoint: "https://as/token"}
	for _, tt := range []struct {
		name    string
		change  func(*store.Binding) // of what is configured
		foreign bool
	}{
		{"the same", func(*store.Binding) {}, false},
		{"its token endpoint is discovered", func(b *store.Binding) { b.TokenEndpoint = "" }, false},
		{"another issuer", func(b *store.Binding) { b.Issuer = "https://other" }, true},
		{"another client", func(b *store.Binding) { b.ClientID = "printer" }, true},
		{"another token endpoint", func(b *store.Binding) { b.TokenEndpoint = "https://as/other" }, true},
	} {
		configured := own
		if tt.change(&configured); foreign(own, configured) != tt.foreign {
			t.Errorf("%s: foreign: %v", tt.name, !tt.foreign)
		}
	}
}

// What the store keeps is what the client gave, and the other way round.
func TestGrantRoundTrip(t *testing.T) {
	in := deviceauth.Token{
		AccessToken: "a", TokenType: "DPoP", RefreshToken: "r", IDToken: "i", Scope: "s", Expiry: time.Unix(9, 0), Lifetime: 3, Issuer: "is",
		ClientID: "c", TokenEndpoint: "t", RevocationEndpoint: "rev", UserinfoEndpoint: "ui", Verified: true,
		Subject: "su", Name: "n", Claims: map[string]any{"x": 1},
	}
	for i, v := 0, reflect.ValueOf(in); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the test leaves out %s", v.Type().Field(i).Name)
		}
	}
	if got := tokenOf(grantOf(in, time.Now())); !reflect.DeepEqual(got, in) {
		t.Errorf("%+v", got)
	}
}
