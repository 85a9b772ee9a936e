package display

import "strings"

// words are all the strings of one language. A # stands for a number, a time or a code.
//
// The words are those of Android's settings, and in German of CUPS as well, one for one thing. German
// commands are infinitives, French and Spanish address formally, the others do not. TestOneWordForOneThing has the stems.
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
	ask                   string // the person who installed the device, with the problem's code
	settings              string // before the line of a mistake in the configuration
	fresh                 string // settings, on the boot partition; the next three say what came of them
	taken                 string
	leftOut, notTaken     string // before the line of what is left out, and of a mistake
	useNew                string // asks for the press that takes them over
	problems              [len(problemCodes)]advice
	unknown               string // a problem of another code
	reasons               [len(reasonMarks)]string
}

// advice is what is wrong and what the owner can do about it; "" where only the installer can.
type advice struct{ what, do string }

// problemCodes are those of the status contract, in the order of words.problems.
var problemCodes = [...]string{
	"clock_unset", "storage", "config", "captive_portal", "no_network", "tls", "server",
	"denied", "expired", "broker_auth", "broker", "panel",
}

// reasonMarks are what Go's errors say of the usual reasons, in the order of words.reasons.
var reasonMarks = [...]string{
	"certificate has expired", "unknown authority", "certificate is valid for",
	"connection refused", "no such host", "timeout",
}

// languages are all there are; the first is the default. A further one is a file and an entry here.
var languages = [...]*words{&english, &german, &french, &spanish, &italian, &portuguese, &dutch}

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
	a := advice{what: w.unknown}
	for i, c := range problemCodes {
		if c == code {
			a = w.problems[i]
		}
	}
	if a.do == "" {
		a.do = with(w.ask, printable(code, maxText))
	}
	return a
}

// reason says in the panel's language what the detail of a problem is about, "" for an unusual one.
func (w *words) reason(detail string) string {
	for i, mark := range reasonMarks {
		if strings.Contains(detail, mark) {
			return w.reasons[i]
		}
	}
	return ""
}

// with puts a value into a string that has room for one.
func with(s, value string) string { return strings.Replace(s, "#", value, 1) }
