package main

import (
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

// journey is how far the person at the bench has come, told by what the provider saw.
type journey struct {
	last   provider.Kind
	owner  string // whose device it is now, "" for nobody's
	grants int    // given and not ended: two for a moment while pairing again
}

// after is the journey once e has happened.
func (j journey) after(e provider.Event) journey {
	switch e.Kind {
	case provider.Tokens:
		j.grants++
		j.owner = e.Account
	case provider.Revoked, provider.Reused:
		j.grants--
		if j.grants > 0 {
			return j // the grant before the present one
		}
		j.owner = ""
	case provider.SignedIn:
		if j.last != provider.CodeIssued {
			return j // nothing to approve
		}
	case provider.Refreshed, provider.CodeUnknown, provider.SignInFailed:
		return j
	}
	j.last = e.Kind
	return j
}

func (j journey) step() step {
	switch {
	case j.last == provider.CodeIssued:
		return scan
	case j.last == provider.SignedIn, j.last == provider.Approved:
		return approve
	case j.owner != "":
		return paired
	}
	return press
}

func (j journey) text() string {
	switch j.last {
	case provider.CodeIssued:
		return "Scan the panel's code with the phone, then approve."
	case provider.SignedIn:
		return "Compare the code with the panel, then approve."
	case provider.Approved:
		return "Approved: the device fetches its tokens."
	}
	if j.owner != "" {
		return "Paired as " + j.owner + ". Hold the button for 3 seconds to pair again."
	}
	switch j.last {
	case provider.Denied:
		return "Denied. Press the device's button to begin again."
	case provider.CodeExpired:
		return "The code ran out. Press the device's button to begin again."
	}
	return "Press the device's button: it asks for a code."
}
