package main

import (
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider"
)

// step is what the person does next; the page knows the same names.
type step string

const (
	press   step = "press"
	scan    step = "scan"
	approve step = "approve"
	paired  step = "paired"
)

// scene is all that the advice depends on: what the device says of itself, and what the provider saw last of the code that
// is on the panel.
type scene struct {
	device control.Status
	phone  provider.Kind // CodeIssued, CodeReviewed or Approved
}

// step follows the device. Only between code and tokens, of which the device knows nothing, it follows the phone.
func (s scene) step() step {
	switch {
	case s.device.State != control.StatePairing && s.device.Grant != nil:
		return paired
	case s.device.State != control.StatePairing:
		return press
	case s.phone == provider.CodeReviewed, s.phone == provider.Approved:
		return approve
	}
	return scan
}

// text is one or two sentences for the person.
func (s scene) text() string {
	switch s.step() {
	case scan:
		return "Scan the panel's code with the phone, then approve."
	case approve:
		if s.phone == provider.Approved {
			return "Approved: the device fetches its tokens."
		}
		return "Compare the code with the panel, then approve."
	case paired:
		return s.ended() + "Paired as " + s.owner() + ". Hold the button for 3 seconds to pair again."
	}
	return s.rest()
}

// rest is the text of a device that belongs to no account and shows no code.
func (s scene) rest() string {
	switch {
	case s.device.State == control.StateStarting, s.device.State == "":
		return "The device starts."
	case s.ended() != "":
		return s.ended() + "Press the device's button to begin again."
	}
	return "Press the device's button: it asks for a code."
}

// ended says why the last code led to nothing, "" where it did or where there was none.
func (s scene) ended() string {
	if s.device.Problem == nil {
		return ""
	}
	switch s.device.Problem.Code {
	case control.ProblemDenied:
		return "Denied. "
	case control.ProblemExpired:
		return "The code has expired. "
	}
	return ""
}

func (s scene) owner() string {
	if g := s.device.Grant; g.Name != "" {
		return g.Name
	}
	return s.device.Grant.Subject
}
