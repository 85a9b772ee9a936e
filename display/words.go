package display

import "strings"

// words are all the strings of one language. A # stands for a number or a time.
type words struct {
	language string // as display.language names it

	starting              string
	clock, clockDo        string
	press, pressDo        string // the second goes on from the first
	scan, open, enter     string // before the URI with and without a QR code; before the code
	left                  string // until the code expires
	paired, pairedAs      string // without and before the account's name
	notYou                string
	online                string
	sent, queued          string
	hold, letGoPair       string // too short yet; long enough to pair
	holdReset, letGoReset string // on to the reset; long enough for it
	erase, eraseDo        string
	eraseLeft             string
	erased, safe          string
	unrevoked             string
	identify              string
	problems              [len(problemCodes)]advice
	unknown               advice // a problem of another code
}

// advice is what is wrong and what to do about it.
type advice struct{ what, do string }

// problemCodes are those of the status contract, in the order of words.problems.
var problemCodes = [...]string{
	"clock_unset", "storage", "config", "captive_portal", "no_network", "tls", "server",
	"denied", "expired", "broker_auth", "broker", "panel",
}

// languages are all there are; the first is the default. A further one is a file and an entry here.
var languages = [...]*words{&english, &german, &french, &spanish}

// Languages lists the values that Geometry.Language may have, the default first.
func Languages() []string {
	names := make([]string, len(languages))
	for i, w := range languages {
		names[i] = w.language
	}
	return names
}

// in gives the words of a language, English for any that there is none for.
func in(language string) *words {
	for _, w := range languages {
		if w.language == language {
			return w
		}
	}
	return languages[0]
}

// problem gives the advice for a code of the status contract.
func (w *words) problem(code string) advice {
	for i, c := range problemCodes {
		if c == code {
			return w.problems[i]
		}
	}
	return w.unknown
}

// with puts a value into a string that has room for one.
func with(s, value string) string { return strings.Replace(s, "#", value, 1) }
