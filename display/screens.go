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
		w.press_(&m, s)
	case Paired:
		w.paired_(&m, s)
	case Online:
		w.online_(&m, s)
	case Problem:
		w.problem_(&m, s)
	case Holding:
		w.holding(&m, s, g)
	case ConfirmReset:
		m.add(block{text: w.erase, head: true, accent: true})
		m.add(block{text: w.eraseDo})
		if !g.Paper {
			m.add(block{text: with(w.eraseLeft, seconds(s.Left))})
		}
	case Wiped:
		m.add(block{text: w.erased, head: true})
		m.add(block{text: w.safe})
		if s.Unrevoked {
			m.add(block{text: w.unrevoked, accent: true})
		}
	case Identify:
		m.add(block{text: w.identify, head: true, accent: true})
		m.add(block{text: s.Name, free: true})
		m.add(block{text: s.ID, free: true})
	}
	return m
}

func (w *words) press_(m *message, s Press) {
	if s.Problem != "" {
		m.add(block{text: w.problem(s.Problem).what, accent: true})
	}
	m.add(block{text: w.press, head: true})
	m.add(block{text: w.pressDo})
	m.caption = s.Name
}

func (w *words) paired_(m *message, s Paired) {
	if s.Account == "" {
		m.add(block{text: w.paired, head: true})
	} else {
		m.add(block{text: w.pairedAs})
		m.add(block{text: s.Account, head: true, free: true})
	}
	m.add(block{text: w.notYou})
	m.caption = s.Name
}

func (w *words) online_(m *message, s Online) {
	m.caption = s.Name
	m.add(block{text: w.online, head: true})
	m.add(block{text: s.Account, free: true, optional: true})
	m.add(block{text: with(w.sent, strconv.Itoa(s.Sent))})
	if s.Queued > 0 {
		m.add(block{text: with(w.queued, strconv.Itoa(s.Queued)), accent: true})
	}
}

func (w *words) problem_(m *message, s Problem) {
	a := w.problem(s.Code)
	m.add(block{text: a.what, head: true, accent: true})
	m.add(block{text: a.do})
	m.add(block{text: s.Detail, free: true, optional: true})
	if s.Queued > 0 {
		m.add(block{text: with(w.queued, strconv.Itoa(s.Queued)), optional: true})
	}
}

func (w *words) holding(m *message, s Holding, g Geometry) {
	switch s.Action {
	case "pair":
		m.add(block{text: w.letGoPair, head: true})
		if s.Left > 0 {
			m.add(block{text: w.holdReset})
		}
	case "reset":
		m.add(block{text: w.letGoReset, head: true, accent: true})
	default:
		m.add(block{text: w.hold, head: true})
	}
	if s.Left > 0 && !g.Paper {
		m.add(block{text: seconds(s.Left) + " s", head: true})
	}
}

// seconds rounds up: "0" is over.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
