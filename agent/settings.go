package agent

import (
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/display"
)

// Settings are what the panel says of a file with settings on the boot partition. The zero Settings say nothing.
type Settings struct {
	Screen display.Settings
	Answer func(Reply) error // of display.Ask: called once, on a goroutine of its own
}

// Reply is what the owner says to display.Ask.
type Reply int

// The replies: no press in time, a press that was held, a short press.
const (
	Silence Reply = iota
	No
	Yes
)

const (
	noticeFor = 8 * time.Second // how long the panel says what came of the settings; a press ends it
	askFor    = 2 * time.Minute // how long it asks, from when the panel has drawn the question
	readable  = time.Second     // a press that soon after was not meant for the question
)

// notice is how far the screen of the settings has come. The zero notice has not been shown.
type notice struct {
	since time.Time // when it was first shown; a question: when the panel had drawn it
	down  time.Time // the press that answers began; zero: none has
	over  bool
}

// open reports whether the panel is to show it.
func (n notice) open(s display.Settings, now time.Time) bool {
	span := noticeFor
	if s.State == display.Ask {
		span = askFor
	}
	return s.State != 0 && !n.over && (n.since.IsZero() || !n.down.IsZero() || now.Before(n.since.Add(span)))
}

// next takes an edge of the button while s is on the panel. answers: the edge is part of a reply, and means nothing else.
func (n notice) next(s display.Settings, hold time.Duration, e Edge) (after notice, answers bool, r Reply) {
	switch {
	case s.State != display.Ask:
		n.over = n.over || e.Down
		return n, false, Silence
	case e.Down && (n.since.IsZero() || e.At.Before(n.since.Add(readable))):
		return n, false, Silence
	case e.Down:
		n.down = e.At
		return n, true, Silence
	case n.down.IsZero():
		return n, false, Silence
	}
	n.over, r = true, Yes
	if e.At.Sub(n.down) >= hold {
		r = No
	}
	return n, true, r
}

// Shown reports that the panel has drawn a screen: from then on a question may be answered.
func (a *Agent) Shown(s display.Screen) {
	if asked, ok := s.(display.Settings); ok && asked.State == display.Ask {
		a.beginNotice()
	}
}

func (a *Agent) beginNotice() {
	f, _ := a.status.now()
	if f.notice.since.IsZero() {
		a.status.update(func(f *facts) { f.notice.since = time.Now() })
	}
}

// showNotice moves the notice on, for what the panel shows now.
func (a *Agent) showNotice(s display.Screen, v view) {
	shown, ok := s.(display.Settings)
	switch {
	case ok && shown.State != display.Ask:
		a.beginNotice()
	case a.o.Settings.Screen.State == display.Ask && v.unanswered:
		a.status.update(func(f *facts) { f.notice.over = true })
		a.answer(Silence)
	}
}

// settingsEdge reports whether an edge of the button answers the question on the panel.
func (a *Agent) settingsEdge(e Edge) bool {
	v, _ := a.view()
	asked, ok := screen(v).(display.Settings)
	if !ok {
		return false
	}
	var answers, over bool
	var r Reply
	a.status.update(func(f *facts) {
		f.notice, answers, r = f.notice.next(asked, a.o.PairHold, e)
		over = f.notice.over
	})
	if answers && over {
		a.answer(r)
	}
	return answers
}

// answer passes the reply on.
func (a *Agent) answer(r Reply) {
	go func() {
		err := a.o.Settings.Answer(r)
		a.status.problem("settings", control.ProblemStorage, err)
	}()
}
