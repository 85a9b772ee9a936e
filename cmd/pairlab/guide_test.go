package main

import (
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider"
)

func TestGuide(t *testing.T) {
	const (
		pressText = "Press the device's button: it asks for a code."
		pairText  = "Paired as Alice. Hold the button for 3 seconds to pair again."
	)
	alice := &control.Grant{Subject: "user-1", Name: "Alice"}
	denied, expired := &control.Problem{Code: control.ProblemDenied}, &control.Problem{Code: control.ProblemExpired}
	for _, test := range []struct {
		name   string
		device control.Status
		phone  provider.Kind
		step   step
		text   string
	}{
		{"before the device answers", control.Status{}, "", press, "The device starts."},
		{"at first", control.Status{State: control.StateUnpaired}, "", press, pressText},
		{"code", control.Status{State: control.StatePairing}, provider.CodeIssued, scan, "Scan the panel's code with the phone, then approve."},
		{"consent page", control.Status{State: control.StatePairing}, provider.CodeReviewed, approve, "Compare the code with the panel, then approve."},
		{"approved", control.Status{State: control.StatePairing}, provider.Approved, approve, "Approved: the device fetches its tokens."},
		{"paired", control.Status{State: control.StatePaired, Grant: alice}, provider.Approved, paired, pairText},
		{"without a name", control.Status{State: control.StatePaired, Grant: &control.Grant{Subject: "user-1"}}, "", paired,
			"Paired as user-1. Hold the button for 3 seconds to pair again."},
		{"denied", control.Status{State: control.StateUnpaired, Problem: denied}, provider.CodeReviewed, press, "Denied. Press the device's button to begin again."},
		{"expired", control.Status{State: control.StateUnpaired, Problem: expired}, provider.CodeIssued, press, "The code has expired. Press the device's button to begin again."},
		{"another problem", control.Status{State: control.StateUnpaired, Problem: &control.Problem{Code: control.ProblemServer}}, "", press, pressText},
		{"pairing again", control.Status{State: control.StatePairing, Grant: alice}, provider.CodeIssued, scan, "Scan the panel's code with the phone, then approve."},
		{"denied while paired", control.Status{State: control.StatePaired, Grant: alice, Problem: denied}, provider.CodeReviewed, paired, "Denied. " + pairText},
		{"reset while the phone is at the consent page", control.Status{State: control.StateUnpaired}, provider.CodeReviewed, press, pressText},
	} {
		s := scene{test.device, test.phone}
		if s.step() != test.step || s.text() != test.text {
			t.Errorf("%s: %s %q, want %s %q", test.name, s.step(), s.text(), test.step, test.text)
		}
	}
}
