package agent

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/gesture"
	"github.com/paird/paird/agent/store"
)

// How long a screen that ends by itself is shown.
const (
	pairedFor   = 30 * time.Second
	identifyFor = 15 * time.Second
)

// facts are what the loops report. Panel, LED and the status JSON derive from them by pure functions.
type facts struct {
	running   bool // it is known whether there is a grant
	early     bool // the button was clicked before that
	paired    bool
	grant     store.Grant
	pairing   *deviceauth.Pending
	beginning bool // a code has been asked for and has not come yet
	broker    control.Broker
	problems  map[string]control.Problem  // by who reports it
	reports   map[control.ProblemCode]int // how often, since the start

	gesture    gesture.State
	justPaired time.Time   // until then the panel shows it
	identify   time.Time   // until
	notice     notice      // of the settings on the boot partition
	check      chan []byte // takes the button's edges while a person checks the board; nil: no check
	wiped      *control.ResetResult
}

// status holds the facts and reports when they change.
type status struct {
	mu      sync.Mutex
	f       facts
	changed chan struct{}
}

func newStatus(o Options) *status {
	return &status{
		f:       facts{problems: map[string]control.Problem{}, reports: map[control.ProblemCode]int{}, broker: control.Broker{State: "off", URL: o.BrokerURL}},
		changed: make(chan struct{}),
	}
}

// update changes the facts and wakes the readers.
func (s *status) update(fn func(*facts)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(&s.f)
	s.wake()
}

func (s *status) wake() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// now is a copy of the facts, and a channel that is closed when they are no longer true.
func (s *status) now() (facts, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.f
	f.problems = make(map[string]control.Problem, len(s.f.problems))
	maps.Copy(f.problems, s.f.problems)
	f.reports = maps.Clone(s.f.reports)
	return f, s.changed
}

// problem sets the problem of a reporter, who, or clears it where code is empty or err is nil.
func (s *status) problem(who string, code control.ProblemCode, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.f.setProblem(who, code, err) {
		s.wake()
	}
}

// setProblem reports whether that changed anything.
func (f *facts) setProblem(who string, code control.ProblemCode, err error) bool {
	old, had := f.problems[who]
	if code == "" || err == nil {
		delete(f.problems, who)
		return had
	}
	f.reports[code]++
	f.problems[who] = control.Problem{Code: code, Detail: err.Error()}
	return f.problems[who] != old
}

// textError is an error that says detail, nil for "".
func textError(detail string) error {
	if detail == "" {
		return nil
	}
	return errors.New(detail)
}

// ranked lists each code once, the most urgent first.
func ranked(by map[string]control.Problem) []control.Problem {
	var list []control.Problem
	for _, code := range control.Problems() {
		detail, found := "", false
		for _, p := range by {
			if p.Code == code && (!found || p.Detail < detail) { // any one, but always the same
				detail, found = p.Detail, true
			}
		}
		if found {
			list = append(list, control.Problem{Code: code, Detail: detail})
		}
	}
	return list
}

// Identify makes panel and LED show which device this is.
func (a *Agent) Identify() {
	a.status.update(func(f *facts) { f.identify = time.Now().Add(identifyFor) })
}

// PanelTrouble reports that the panel does not draw, or, with nil, that it does again.
// A repeated report wakes no reader: the panel is drawn on each change.
func (a *Agent) PanelTrouble(err error) {
	a.status.problem("panel", control.ProblemPanel, err)
}

// PinTrouble reports that button or LED cannot be used, or, with nil, that they can again.
func (a *Agent) PinTrouble(err error) {
	a.status.problem("pins", control.ProblemPanel, err)
}

// WaitTrouble reports trouble while a code is being polled for, or, with nil, that it is over.
func (a *Agent) WaitTrouble(code, detail string) {
	a.status.problem("poll", control.ProblemCode(code), textError(detail))
}

// PendingChanged keeps what a server that said slow_down has made of the pending code: RFC 8628 section 3.5, the
// longer interval is for "this and all subsequent requests", those after a restart too.
func (a *Agent) PendingChanged(p deviceauth.Pending) {
	pending := false
	a.status.update(func(f *facts) {
		if pending = f.pairing != nil && f.pairing.DeviceCode == p.DeviceCode; pending {
			f.pairing = &p
		}
	})
	if !pending {
		return
	}
	k, err := a.running(context.Background())
	if err == nil {
		err = k.record(context.Background(), pendingRecord(p))
	}
	if err != nil {
		a.o.Log.Warn("the disk does not take the slower interval now: a power cut would lose it", "err", err)
	}
}
