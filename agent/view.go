package agent

import (
	"maps"
	"math"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/internal/gesture"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/display"
)

// view is the status with what only the panel and the LED need.
type view struct {
	control.Status
	now        time.Time
	auto       bool
	begun      bool // a code has been asked for
	held       gesture.Action
	heldLeft   time.Duration
	question   time.Duration
	justPaired bool
	identify   bool
	check      bool // a person looks at the board
	wiped      *control.ResetResult
	settings   display.Settings // zero: nothing to say of them
	unanswered bool             // they were asked about for long enough
	sent       int
	reports    map[control.ProblemCode]int // how often each was reported since the start
}

// outside are the facts that no loop reports because they can be read at any time.
type outside struct {
	now        time.Time
	clockSet   bool
	clockSync  bool
	queue      queue.Stats
	queueError error
	sent       int
	oversized  uint64
	unretained bool
}

// newView puts the facts together. It is pure.
func newView(o Options, f facts, out outside) view {
	v := view{
		Status: statusOf(o, f, out), now: out.now, auto: o.StartAuto, begun: f.beginning,
		question: f.gesture.Question(out.now), wiped: f.wiped, sent: out.sent, reports: f.reports,
		justPaired: out.now.Before(f.justPaired), identify: out.now.Before(f.identify), check: f.check != nil,
	}
	v.held, v.heldLeft = f.gesture.Held(holds(o), out.now)
	if f.notice.open(o.Settings.Screen, out.now) {
		v.settings = o.Settings.Screen
	}
	v.unanswered = v.settings.State == 0 && !f.notice.over
	return v
}

func holds(o Options) gesture.Config {
	return gesture.Config{PairHold: o.PairHold, ResetHold: o.ResetHold}
}

// statusOf is the status of the contract.
func statusOf(o Options, f facts, out outside) control.Status {
	s := control.Status{
		Version: o.Version,
		Device:  control.Device{ID: o.DeviceID, Name: o.DeviceName},
		State:   state(f, out.clockSet),
		Clock:   control.Clock{Synchronised: out.clockSync},
		Queue:   &control.Queue{Messages: out.queue.Messages, Bytes: out.queue.Bytes, Dropped: out.queue.Dropped},
	}
	if p := f.pairing; p != nil {
		s.Pairing = &control.Pairing{
			UserCode: p.UserCode, VerificationURI: p.VerificationURI, VerificationURIComplete: p.VerificationURIComplete,
			ExpiresIn: seconds(min(p.ExpiresIn, p.Deadline().Sub(out.now))), Interval: seconds(p.Interval),
		}
	}
	if f.paired {
		s.Grant = &control.Grant{Subject: f.grant.Subject, Name: f.grant.Name, Scope: f.grant.Scope, Refreshed: f.grant.Refreshed}
		if !f.grant.Expiry.IsZero() && out.clockSet {
			s.Grant.ExpiresIn = seconds(f.grant.Expiry.Sub(out.now))
		}
	}
	if o.Link != nil {
		b := f.broker
		b.Oversized, b.Unretained = out.oversized, out.unretained
		s.Broker = &b
	}
	if o.Panel.Driver != "" {
		p := o.Panel
		p.Error = f.problems["panel"].Detail
		p.OK = p.Error == ""
		s.Panel = &p
	}
	s.Problems = problems(o, f, out)
	if len(s.Problems) > 0 {
		s.Problem = &s.Problems[0]
	}
	return s
}

// seconds rounds up, so that 0 means over.
func seconds(d time.Duration) int { return max(0, int(math.Ceil(d.Seconds()))) }

func state(f facts, clockSet bool) control.State {
	switch {
	case !f.running:
		return control.StateStarting
	case f.pairing != nil:
		return control.StatePairing
	case !clockSet:
		return control.StateClock
	case f.paired:
		return control.StatePaired
	}
	return control.StateUnpaired
}

// problems adds to what the loops report what can be read at any time.
func problems(o Options, f facts, out outside) []control.Problem {
	by := map[string]control.Problem{}
	maps.Copy(by, f.problems)
	if !out.clockSet {
		by["clock"] = control.Problem{Code: control.ProblemClockUnset, Detail: "the time is not set: check the network and NTP"}
	}
	if f.gesture.Stuck(holds(o), out.now) {
		by["stuck"] = control.Problem{Code: control.ProblemPanel, Detail: "button: it is held down: see whether it sticks, and check button.pin and button.active_low"}
	}
	if out.queueError != nil {
		by["outbox"] = control.Problem{Code: control.ProblemStorage, Detail: out.queueError.Error()}
	}
	return ranked(by)
}

// screen chooses what the panel shows: what the user does with the button, then what the device does, then
// what is wrong, then its normal state.
func screen(v view) display.Screen {
	switch {
	case v.check:
		return display.TestCard{Panel: v.driver(), Version: v.Version}
	case v.question > 0:
		return display.ConfirmReset{Left: whole(v.question)}
	case v.held != gesture.None:
		return display.Holding{Action: action(v.held), Left: whole(v.heldLeft)}
	case v.identify:
		return display.Identify{ID: v.Device.ID}
	case v.wiped != nil:
		return display.Wiped{Unrevoked: !v.wiped.Revoked}
	case v.showsNotice():
		return v.settings
	case v.State == control.StatePairing:
		p := v.Pairing
		return display.Pairing{UserCode: p.UserCode, VerificationURI: p.VerificationURI,
			VerificationURIComplete: p.VerificationURIComplete, Left: time.Duration(p.ExpiresIn) * time.Second}
	case v.justPaired && v.Grant != nil:
		return display.Paired{Account: v.Grant.Name}
	case v.settings.State == display.Ask && v.State != control.StateStarting:
		return v.settings
	}
	return resting(v)
}

// driver is the panel's, "" without one.
func (v view) driver() string {
	if v.Panel == nil {
		return ""
	}
	return v.Panel.Driver
}

// showsNotice reports whether the panel shows what came of new settings: that comes before a code, which is shown for minutes.
func (v view) showsNotice() bool {
	return v.settings.State != 0 && v.settings.State != display.Ask && v.State != control.StateStarting
}

// resting is the screen of a device that is not being used.
func resting(v view) display.Screen {
	switch {
	case v.State == control.StateStarting && v.Problem == nil:
		return display.Starting{Version: v.Version}
	case v.State == control.StateClock:
		return display.Clock{}
	case v.Problem != nil && v.State == control.StateUnpaired && (v.Problem.Code == control.ProblemDenied || v.Problem.Code == control.ProblemExpired):
		return display.Press{Problem: string(v.Problem.Code)}
	case v.Problem != nil && v.Problem.Code != control.ProblemPanel:
		return display.Problem{Code: string(v.Problem.Code), Detail: v.Problem.Detail, Queued: v.Queue.Messages}
	case v.State == control.StatePaired && (v.Broker == nil || v.Broker.State != control.BrokerOnline):
		return display.Paired{Account: v.Grant.Name}
	case v.State == control.StatePaired:
		return display.Online{Account: v.Grant.Name, Sent: v.sent, Queued: v.Queue.Messages}
	case v.begun || v.auto:
		return display.Starting{Version: v.Version}
	}
	return display.Press{}
}

func action(a gesture.Action) string {
	switch a {
	case gesture.Pair:
		return "pair"
	case gesture.Ask:
		return "reset"
	}
	return ""
}

// whole rounds up to seconds, as a countdown does.
func whole(d time.Duration) time.Duration { return time.Duration(seconds(d)) * time.Second }
