package agent

import (
	"time"

	"github.com/paird/paird/agent/control"
)

// summaryEvery is how often the log says that a problem goes on.
const summaryEvery = time.Hour

// episode is one problem from its beginning to its end.
type episode struct {
	since  time.Time
	logged time.Time
	before int // reports of this code before it began
}

// episodes turns the problems of successive views into events and log lines: each begins once and ends once,
// however often it was reported meanwhile.
type episodes map[control.ProblemCode]*episode

// observe compares the problems of v with those of the view before.
func (e episodes) observe(v view, s *stream) {
	open := map[control.ProblemCode]bool{}
	for _, p := range v.Problems {
		open[p.Code] = true
		e.continued(p, v, s)
	}
	for code, was := range e {
		if !open[code] {
			delete(e, code)
			emitProblem(v, s, control.EventProblemEnded, map[string]any{
				"code": code, "seconds": seconds(v.now.Sub(was.since)), "times": max(1, v.reports[code]-was.before),
			})
		}
	}
}

// continued begins the episode of p, or logs each hour how often p was reported in it.
func (e episodes) continued(p control.Problem, v view, s *stream) {
	was := e[p.Code]
	if was == nil {
		e[p.Code] = &episode{since: v.now, logged: v.now, before: v.reports[p.Code] - 1}
		emitProblem(v, s, control.EventProblem, map[string]any{"code": p.Code, "detail": p.Detail})
		return
	}
	if v.now.Sub(was.logged) >= summaryEvery {
		was.logged = v.now
		s.o.Log.Warn("problem goes on", "code", p.Code, "detail", p.Detail,
			"times", v.reports[p.Code]-was.before, "for", v.now.Sub(was.since).Round(time.Second))
	}
}

// emitProblem queues the event for the broker only while the device is paired: without an account the
// queue has no owner.
func emitProblem(v view, s *stream, kind control.EventType, fields map[string]any) {
	if v.Grant != nil {
		s.toBroker(kind, fields)
	}
	s.toBoard(kind, fields)
}
