package display

import (
	"image"
	"time"
)

// Times of an OLED, which burns in where the same pixels are lit for weeks.
const (
	pageTime   = 6 * time.Second // a person reads a page and types a part of it
	paperTime  = 30 * time.Second
	dimAfter   = time.Minute // without a press or another screen
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

// current is the screen that is shown, with what decides how.
type current struct {
	screen Screen
	paper  bool
	pages  pageCount
	since  time.Time // when the screen came up, its figures and countdowns aside
	active time.Time // when it came up or the button was last pressed
}

// pageCount is how many pages a screen has: first those that hold what matters, as the user code.
type pageCount struct{ first, further int }

func (n pageCount) all() int { return n.first + n.further }

// look is how a screen is to be shown at one time.
type look struct {
	page  int
	level brightness
	shift image.Point // of the whole picture, against burn-in
}

// at decides the look at a time, and until when it holds; the zero time is without end.
func (c current) at(now time.Time) (l look, until time.Time) {
	l.page, until = c.page(now)
	if c.paper {
		return l, until
	}
	l.level, until = c.brightness(now, until)
	if c.shifts() && l.level != blank {
		n := now.Sub(c.since) / shiftEvery
		l.shift = orbit[int(n)%len(orbit)]
		until = sooner(until, c.since.Add((n+1)*shiftEvery))
	}
	return l, until
}

// page chooses the page. Where there are further pages, the first have two thirds of the time.
func (c current) page(now time.Time) (page int, until time.Time) {
	if c.pages.all() < 2 {
		return 0, time.Time{}
	}
	pace := pageTime
	if c.paper {
		pace = paperTime
	}
	turns := max(1, (2*c.pages.further+c.pages.first-1)/c.pages.first) // of each of the first pages
	round := turns*c.pages.first + c.pages.further
	turn := int(now.Sub(c.since)/pace) % round
	end := turn + 1
	if turn < turns*c.pages.first {
		page = turn / turns
		end = (page + 1) * turns
	} else {
		page = turn - turns*c.pages.first + c.pages.first
	}
	passed := now.Sub(c.since) / pace / time.Duration(round) * time.Duration(round) // turns of whole rounds
	return page, c.since.Add((passed + time.Duration(end)) * pace)
}

// brightness chooses how much an OLED shines.
func (c current) brightness(now, until time.Time) (brightness, time.Time) {
	dims, blanks := c.rests()
	idle := now.Sub(c.active)
	switch {
	case blanks > 0 && idle >= blanks:
		return blank, until
	case idle < dims:
		return bright, sooner(until, c.active.Add(dims))
	case blanks > 0:
		return dim, sooner(until, c.active.Add(blanks))
	}
	return dim, until
}

// rests is how long a screen stays bright and lit; blanks is 0 for what must stay in sight.
func (c current) rests() (dims, blanks time.Duration) {
	switch c.screen.(type) {
	case Pairing:
		return dimPairing, 0
	case Online, Paired, Press, Wiped, Identify, nil:
		return dimAfter, blankAfter
	}
	return dimAfter, 0
}

// shifts reports whether the picture may move by a pixel: it has a free one at every edge. The lit border
// of a QR code and the test card have not.
func (c current) shifts() bool {
	switch c.screen.(type) {
	case Pairing, TestCard:
		return false
	}
	return true
}

// mayWait reports whether figures that are not shown yet may wait for the next step of the look: on a dimmed panel
// they are hardly read, and each drawing costs the bus and the processor.
func (c current) mayWait(l look, shown Screen) bool {
	return l.level != bright && c.shifts() && subject(shown) == subject(c.screen)
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

// subject is a screen without its figures and countdowns: two of the same subject are one screen.
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

// Times and counts of e-paper, from the makers' advice: clear ghosts by a full refresh now and then, and
// at least once a day; leave the panel three minutes of rest where only a figure changes.
const (
	maxPartials = 20
	fullEvery   = 24 * time.Hour
	paperRest   = 3 * time.Minute
)

// Rests of a panel that only refreshes wholly, which takes up to half a minute and flashes.
const (
	wholeRest  = time.Hour   // where only a figure changes
	onlineRest = time.Minute // from the account's name to the resting screen
)

// paper is what is known of an e-paper panel.
type paper struct {
	whole    bool      // it has no partial refresh
	shown    Screen    // the screen drawn last; nil if the panel's content is unknown
	drawn    time.Time // when it was drawn last
	cleared  time.Time // when it was last refreshed wholly
	partials int       // since then
}

// startingRest is how long the server has to answer with a code before paper says that the device is starting: the code then needs
// no second refresh.
const startingRest = time.Second

// countsDown reports a screen that counts down or answers a held button: it must be quick.
func countsDown(s Screen) bool {
	switch s.(type) {
	case Holding, ConfirmReset:
		return true
	}
	return false
}

// full decides whether drawing s now is a full refresh: never for a countdown or while a code is asked for, else for what is known
// not to be on the panel, for other screens than before and when it is time.
func (p paper) full(s Screen, now time.Time) bool {
	_, starting := s.(Starting)
	switch {
	case p.shown == nil:
		return true
	case countsDown(s) || starting:
		return false
	}
	return subject(p.shown) != subject(s) || p.partials >= maxPartials || p.overdue(now)
}

// overdue reports that the panel has been without a full refresh for a day.
func (p paper) overdue(now time.Time) bool { return now.Sub(p.cleared) >= fullEvery }

// skips reports a screen that a panel without partial refresh leaves out: while the button is held the LED
// answers, and from the press to the code there is one refresh.
func (p paper) skips(s Screen) bool {
	if !p.whole {
		return false
	}
	switch s.(type) {
	case Holding:
		return true
	case Starting:
		return p.shown != nil
	}
	return false
}

// due is the time from which on s, which came up at since, may be drawn: at once if it is another screen, after a rest if only
// figures changed or a code is asked for.
func (p paper) due(s Screen, since time.Time) time.Time {
	if p.shown == nil {
		return time.Time{}
	}
	_, starting := s.(Starting)
	_, code := s.(Pairing) // pages may alternate
	_, online := s.(Online)
	_, account := p.shown.(Paired)
	switch same := subject(p.shown) == subject(s); {
	case starting && !same:
		return since.Add(startingRest)
	case p.whole && online && account:
		return p.drawn.Add(onlineRest)
	case countsDown(s) || code || !same:
		return time.Time{}
	case p.whole:
		return p.drawn.Add(wholeRest)
	}
	return p.drawn.Add(paperRest)
}

// note records a drawing.
func (p *paper) note(s Screen, full bool, now time.Time) {
	p.shown, p.drawn = s, now
	p.partials++
	if full {
		p.cleared, p.partials = now, 0
	}
}
