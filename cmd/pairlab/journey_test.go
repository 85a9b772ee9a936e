package main

import (
	"testing"

	"github.com/paird/paird/cmd/internal/provider"
)

func TestJourney(t *testing.T) {
	const (
		issued   = provider.CodeIssued
		in       = provider.SignedIn
		yes      = provider.Approved
		no       = provider.Denied
		tokens   = provider.Tokens
		back     = provider.Revoked
		expired  = provider.CodeExpired
		pairText = "Paired as Alice. Hold the button for 3 seconds to pair again."
	)
	for _, test := range []struct {
		name   string
		events []provider.Kind
		step   step
		text   string
	}{
		{"at first", nil, press, "Press the device's button: it asks for a code."},
		{"signed in without a code", []provider.Kind{in}, press, "Press the device's button: it asks for a code."},
		{"code", []provider.Kind{issued}, scan, "Scan the panel's code with the phone, then approve."},
		{"signed in", []provider.Kind{issued, provider.SignInFailed, in}, approve, "Compare the code with the panel, then approve."},
		{"approved", []provider.Kind{issued, in, yes}, approve, "Approved: the device fetches its tokens."},
		{"paired", []provider.Kind{issued, in, yes, tokens, provider.Refreshed}, paired, pairText},
		{"denied", []provider.Kind{issued, in, no}, press, "Denied. Press the device's button to begin again."},
		{"ran out", []provider.Kind{issued, expired}, press, "The code ran out. Press the device's button to begin again."},
		{"pairing again", []provider.Kind{issued, yes, tokens, issued}, scan, "Scan the panel's code with the phone, then approve."},
		{"paired again", []provider.Kind{issued, yes, tokens, issued, yes, tokens, back}, paired, pairText},
		{"denied while paired", []provider.Kind{issued, yes, tokens, issued, no}, paired, pairText},
		{"given back", []provider.Kind{issued, yes, tokens, back}, press, "Press the device's button: it asks for a code."},
	} {
		var j journey
		for _, k := range test.events {
			j = j.after(provider.Event{Kind: k, Account: "Alice"})
		}
		if j.step() != test.step || j.text() != test.text {
			t.Errorf("%s: %s %q, want %s %q", test.name, j.step(), j.text(), test.step, test.text)
		}
	}
}
