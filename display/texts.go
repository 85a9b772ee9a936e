package display

import (
	"strconv"
	"time"
)

// message puts a screen that is all text into words.
func (w *words) message(s Screen, g Geometry) (m message) {
	switch s := s.(type) {
	case Starting:
		m.add(block{text: w.starting + "…"})
		m.addName(g)
		m.add(block{text: s.Version, role: note, free: true, cut: true, optional: true})
	case Clock:
		m.add(block{text: w.clock})
		m.add(block{text: w.clockDo, role: body})
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
		m.add(block{text: w.erase})
		m.add(block{text: w.eraseDo, role: body})
		if !g.Paper {
			m.add(block{text: with(w.eraseLeft, seconds(s.Left)), role: body, optional: true})
		}
	case Wiped:
		m.add(block{text: w.erased})
		if m.urgent = s.Unrevoked; m.urgent {
			m.add(block{text: w.unrevoked, role: body})
		}
		m.add(block{text: w.safe, role: body, optional: s.Unrevoked})
	case Settings:
		w.putSettings(&m, s)
	case Identify:
		m.urgent = true
		m.add(block{text: w.identify})
		m.addName(g)
		m.add(block{text: s.ID, role: note, free: true, cut: true})
	}
	return m
}

// addName adds the device's name where there is no header with it.
func (m *message) addName(g Geometry) {
	if head, _ := g.header(inner(g)); head.Empty() {
		m.add(block{text: g.Name, role: body, free: true, cut: true})
	}
}

func (w *words) putPress(m *message, s Press) {
	if s.Problem != "" {
		a := w.problem(s.Problem)
		m.urgent = true
		m.add(block{text: a.what})
		m.add(block{text: a.do, role: body})
		return
	}
	m.add(block{text: w.press})
	m.add(block{text: w.pressDo, role: body, joined: true})
}

func (w *words) putPaired(m *message, s Paired) {
	if s.Account == "" {
		m.add(block{text: w.paired})
	} else {
		m.add(block{text: w.pairedAs, role: body})
		m.add(block{text: s.Account, free: true, cut: true, joined: true})
	}
	m.add(block{text: w.notYou, role: note})
}

func (w *words) putOnline(m *message, s Online) {
	m.add(block{text: w.online})
	m.add(block{text: s.Account, role: body, free: true, cut: true, optional: true})
	m.add(block{text: with(w.sent, strconv.Itoa(s.Sent)), role: note})
	if s.Queued > 0 {
		m.add(block{text: with(w.queued, strconv.Itoa(s.Queued)), role: note})
	}
}

func (w *words) putProblem(m *message, s Problem) {
	a := w.problem(s.Code)
	m.urgent = true
	m.add(block{text: a.what})
	m.add(block{text: a.do, role: body})
	m.add(block{text: w.reason(s.Detail), role: note, optional: true})
	if s.Queued > 0 {
		m.add(block{text: with(w.queued, strconv.Itoa(s.Queued)), role: note, optional: true})
	}
}

func (w *words) putSettings(m *message, s Settings) {
	a := w.problem("config")
	m.urgent = s.State == Wrong || s.State == Left
	switch s.State {
	case Wrong:
		m.add(block{text: a.what})
		m.addLine(w.settings, s.Line, a.do)
	case Left:
		m.add(block{text: w.fresh})
		m.addLine(w.notTaken, s.Line, a.what)
	case Taken:
		m.add(block{text: w.fresh})
		m.add(block{text: w.taken, role: body, optional: s.Line > 0})
		m.addLine(w.leftOut, s.Line, "")
	case Ask:
		m.add(block{text: w.fresh})
		m.add(block{text: w.useNew, role: body})
		m.add(block{text: s.Server, role: note, free: true, cut: true, optional: true})
	}
}

// addLine adds what is said of a line of a file, or what is said without one.
func (m *message) addLine(of string, line int, without string) {
	text := without
	if line > 0 {
		text = with(of, strconv.Itoa(line))
	}
	m.add(block{text: text, role: body})
}

func (w *words) putHolding(m *message, s Holding, g Geometry) {
	switch s.Action {
	case "pair":
		m.add(block{text: w.letGoPair})
		if s.Left > 0 {
			m.add(block{text: w.holdReset, role: body})
		}
	case "reset":
		m.urgent = true
		m.add(block{text: w.letGoReset})
	default:
		m.add(block{text: w.hold})
	}
	if s.Left > 0 && !g.Paper {
		m.add(block{text: seconds(s.Left) + "\u00a0s", role: body, optional: true})
	}
}

// seconds rounds up: "0" is over.
func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
