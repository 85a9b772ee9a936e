package main

import (
	"flag"
	"time"

	"github.com/paird/paird/display"
)

// sample is what the screens say where nothing else is asked for.
type sample struct {
	code, uri, complete, problem, account, name string
	messages                                    int
}

// screenNames are the names of `paird screen`.
var screenNames = []string{"starting", "clock", "press", "pairing", "paired", "online", "problem",
	"confirm-reset", "wiped", "identify", "testcard"}

func (s *sample) flags(f *flag.FlagSet) {
	f.StringVar(&s.code, "code", "WDJB-MJHT", "the user code")
	f.StringVar(&s.uri, "uri", "https://example.com/device", "the verification URI")
	f.StringVar(&s.complete, "complete", "", "the complete verification URI")
	f.StringVar(&s.problem, "problem", "no_network", "the code of the problem")
	f.StringVar(&s.account, "account", "Alice", "the account's name")
	f.IntVar(&s.messages, "messages", 42, "messages sent today")
	f.StringVar(&s.name, "name", s.name, "the device's name")
}

// of returns the screen of a name, nil for an unknown name.
func (s sample) of(name, panel string) display.Screen {
	switch name {
	case "starting":
		return display.Starting{Version: version}
	case "clock":
		return display.Clock{}
	case "press":
		return display.Press{}
	case "pairing":
		return display.Pairing{UserCode: s.code, VerificationURI: s.uri, VerificationURIComplete: s.complete, Left: 10 * time.Minute}
	case "paired":
		return display.Paired{Account: s.account}
	case "online":
		return display.Online{Account: s.account, Sent: s.messages}
	case "problem":
		return display.Problem{Code: s.problem}
	case "confirm-reset":
		return display.ConfirmReset{Left: 10 * time.Second}
	case "wiped":
		return display.Wiped{}
	case "identify":
		return display.Identify{ID: "dev1"}
	case "testcard":
		return display.TestCard{Panel: panel, Version: version}
	}
	return nil
}
