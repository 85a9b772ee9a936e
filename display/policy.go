package display

import (
	"image"
	"time"
)

// Times of an OLED, which burns in where the same pixels are lit for weeks.
const (
	pagePace   = 6 * time.Second // a page of an OLED: a person reads it and types a part of it
	paperPace  = 30 * time.Second
	dimAfter   = time.Minute // without a press or news
	dimPairing = 5 * time.Minute
	blankAfter = 30 * time.Minute
	shiftEvery = time.Minute
)

// Contrast of an OLED, on the scale of its controllers.
const (
	brightContrast = 0xCF
	dimContrast    = 0x08
)

// brightness is how much an OLED shines.
type brightness uint8

const (
	bright brightness = iota
	dim
	blank
)

// mood is what the presenter knows of a screen when it decides how to show it.
type mood struct {
	screen Screen
	paper  bool
	pages  int
	since  time.Time // when the screen came up, its figures and countdowns aside
	active time.Time // when it came up or somebody last pressed the button
}

// look is how a screen is to be shown at one time.
type look struct {
	page  int
	level brightness
	shift image.Point // of the whole picture, against burn-in
}

// at decides the look at a time, and until when it holds; the zero time is for ever.
func (m mood) at(now time.Time) (l look, until time.Time) {
	until = m.turn(&l, now, until)
	if m.paper {
		return l, until
	}
	until = m.rest(&l, now, until)
	if m.shifts() && l.level != blank {
		n := now.Sub(m.since) / shiftEvery
		l.shift = orbit[int(n)%len(orbit)]
		until = sooner(until, m.since.Add((n+1)*shiftEvery))
	}
	return l, until
}

// turn chooses the page.
func (m mood) turn(l *look, now, until time.Time) time.Time {
	if m.pages < 2 {
		return until
	}
	pace := pagePace
	if m.paper {
		pace = paperPace
	}
	n := now.Sub(m.since) / pace
	l.page = int(n) % m.pages
	return sooner(until, m.since.Add((n+1)*pace))
}

// rest chooses the brightness.
func (m mood) rest(l *look, now, until time.Time) time.Time {
	dims, blanks := m.patience()
	idle := now.Sub(m.active)
	switch {
	case blanks > 0 && idle >= blanks:
		l.level = blank
	case idle >= dims:
		l.level = dim
		if blanks > 0 {
			until = sooner(until, m.active.Add(blanks))
		}
	default:
		until = sooner(until, m.active.Add(dims))
	}
	return until
}

// patience is how long a screen stays bright and lit; blanks is 0 for what must stay in sight.
func (m mood) patience() (dims, blanks time.Duration) {
	switch m.screen.(type) {
	case Pairing:
		return dimPairing, 0
	case Online, Paired, Press, Wiped, Identify, nil:
		return dimAfter, blankAfter
	}
	return dimAfter, 0
}

// shifts tells whether the picture may move by a pixel: it has a free one at every edge. The lit border
// of a QR code and the test card have not.
func (m mood) shifts() bool {
	switch m.screen.(type) {
	case Pairing, TestCard:
		return false
	}
	return true
}

// orbit is the path of the picture, a step each minute.
var orbit = [...]image.Point{{0, 0}, {1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}, {-1, -1}, {0, -1}, {1, -1}}

// sooner is the earlier of two times; the zero time is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// subject is a screen without its figures and countdowns: as long as it stays the same there is no news.
func subject(s Screen) Screen {
	switch s := s.(type) {
	case Pairing:
		s.Left = 0
		return s
	case Online:
		s.Sent, s.Queued = 0, 0
		return s
	case Problem:
		s.Queued = 0
		return s
	case Holding:
		s.Left = 0
		return s
	case ConfirmReset:
		s.Left = 0
		return s
	}
	return s
}

// retryDelay is the wait before the panel is tried again after so many failures in a row.
func retryDelay(failures int) time.Duration {
	return min(time.Second<<min(failures-1, 10), time.Minute)
}
