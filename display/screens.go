package display

import (
	"strconv"
	"time"
)

// message puts a screen that is all text into words.
func (w *words) message(s Screen, g Geometry) (m message) {
	switch s := s.(type) {
	case Starting:
		m.add(block{text: s.Name, head: true, free: true})
		m.add(block{text: w.starting + "…"})
		m.add(block{text: s.Version, free: true, optional: true})
	case Clock:
		m.add(block{text: w.clock, head: true})
		m.add(block{text: w.clockDo})
	case Press:
		w.putPress(&m, s)
	case Paired:
		w.putPaired(&m, s)
	case Online:
		w.putOnline(&m, s)
	case Problem:
		w.putProblem(&m, s)
	case Holding:
		w.putHolding(&m, s, g)
	case ConfirmReset:
		m.urgent = true
		m.add(block{text: w.erase, head: true})
		m.add(block{text: w.eraseDo})
		if !g.Paper {
			m.add(block{text: with(w.eraseLeft, seconds(s.Left)), optional: true})
		}
	case Wiped:
		m.add(block{text: w.erased, head: true})
		m.add(block{text: w.safe})
		if m.urgent = s.Unrevoked; m.urgent {
			m.add(block{text: w.unrevoked})
		}
	case Identify:
		m.urgent = true
		m.add(block{text: w.identify, head: true})
		m.add(block{text: s.Name, free: true})
		m.add(block{text: s.ID, free: true})
	}
	return m
}

func (w *words) putPress(m *message, s Press) {
	if m.urgent = s.Problem != ""; m.urgent {
		m.add(block{text: w.problem(s.Problem).what})
	}
	m.add(block{text: w.press, head: true})
	m.add(block{text: w.pressDo})
	m.caption = printable(s.Name, maxText)
}

func (w *words) putPaired(m *message, s Paired) {
	if s.Account == "" {
		m.add(block{text: w.paired, head: true})
	} else {
		m.add(block{text: w.pairedAs})
		m.add(block{text: s.Account, head: true, free: true})
	}
	m.add(block{text: w.notYou})
	m.caption = printable(s.Name, maxText)
}

func (w *words) putOnline(m *message, s Online) {
	m.caption = printable(s.Name, maxText)
	m.add(block{text: w.online, head: true})
	m.add(block{text: s.Account, free: true, optional: true})
	m.add(block{text: with(w.sent, strconv.Itoa(s.Sent))})
	if s.Queued > 0 {
		m.add(block{text: with(w.queued, strconv.Itoa(s.Queued))})
	}
}

func (w *words) putProblem(m *message, s Problem) {
	a := w.problem(s.Code)
	m.urgent = true
	m.add(block{text: a.what, head: true})
	m.add(block{text: a.do})
	m.add(block{text: s.Detail, free: true, optional: true})
	if s.Queued > 0 {
		m.add(block{text: with(w.queued, strconv.Itoa(s.Queued)), optional: true})
	}
}

func (w *words) putHolding(m *message, s Holding, g Geometry) {
	switch s.Action {
	case "pair":
		m.add(block{text: w.letGoPair, head: true})
		if s.Left > 0 {
			m.add(block{text: w.holdReset, optional: true})
		}
	case "reset":
		m.urgent = true
		m.add(block{text: w.letGoReset, head: true})
	default:
		m.add(block{text: w.hold, head: true})
	}
	if s.Left > 0 && !g.Paper {
		m.add(block{text: seconds(s.Left) + " s", head: true, optional: true})
	}
}

// seconds rounds up: "0" is over.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
