package display

import "time"

// Times and counts of e-paper, from the makers' advice: clear ghosts by a full refresh now and then, and
// at least once a day; leave the panel three minutes of rest where nobody waits for the picture.
const (
	maxPartials = 20
	fullEvery   = 24 * time.Hour
	paperRest   = 3 * time.Minute
)

// paper is what the presenter knows of an e-paper panel.
type paper struct {
	shown    Screen    // the screen drawn last; nil if the panel's content is unknown
	drawn    time.Time // when it was drawn last
	cleared  time.Time // when it was last refreshed wholly
	partials int       // since then
}

// counts tells a screen that counts down or answers a held button: it must be quick.
func counts(s Screen) bool {
	switch s.(type) {
	case Holding, ConfirmReset:
		return true
	}
	return false
}

// full decides whether drawing s now is a full refresh: never for a countdown, else for what is known
// not to be on the panel, for other screens than before and when it is time.
func (p paper) full(s Screen, now time.Time) bool {
	switch {
	case p.shown == nil:
		return true
	case counts(s):
		return false
	}
	return subject(p.shown) != subject(s) || p.partials >= maxPartials || now.Sub(p.cleared) >= fullEvery
}

// due is the time from which on s may be drawn: at once if it is news, after a rest if only figures
// changed.
func (p paper) due(s Screen) time.Time {
	if p.shown == nil || counts(s) || subject(p.shown) != subject(s) {
		return time.Time{}
	}
	if _, ok := s.(Pairing); ok {
		return time.Time{} // its pages
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
