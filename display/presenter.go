package display

import (
	"bytes"
	"context"
	"image"
	"log/slog"
	"sync"
	"time"
)

// PresenterOptions are optional, each by itself.
type PresenterOptions struct {
	Log *slog.Logger
	// OnError is called from Run's goroutine when the panel cannot be drawn on, and with nil when it can again.
	OnError func(error)
	// OnShow is called from Run's goroutine with each screen whose picture the panel took: on e-paper that
	// is when its refresh ended.
	OnShow func(Screen)
	// Contrast of a bright OLED, 1 to 255; 0 stands for 207.
	Contrast uint8
}

// Presenter brings the latest screen to a panel, in its own goroutine.
type Presenter struct {
	panel    Panel
	geometry Geometry
	options  PresenterOptions
	changed  chan struct{} // holds one token: there is another screen, or a press
	alive    chan struct{} // Run answers

	mu     sync.Mutex
	screen Screen
	woken  time.Time

	state // Run's own
}

// state is what Run knows of the panel.
type state struct {
	renderer renderer
	current  current
	paper    paper
	picture  *image.Paletted // as the panel shows it; nil if that is not known
	look     look            // of the picture
	level    brightness
	failures int       // in a row
	retry    time.Time // no drawing before
}

// NewPresenter makes a presenter for a panel as the reader sees it; Run starts it.
func NewPresenter(p Panel, g Geometry, o PresenterOptions) *Presenter {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	if o.OnShow == nil {
		o.OnShow = func(Screen) {}
	}
	if o.Contrast == 0 {
		o.Contrast = brightContrast
	}
	return &Presenter{
		panel: p, geometry: g, options: o, changed: make(chan struct{}, 1), alive: make(chan struct{}),
		state: state{paper: paper{whole: g.Paper && g.Whole}},
	}
}

// Show makes s the screen to be shown. It never blocks; a screen not drawn yet is skipped.
func (p *Presenter) Show(s Screen) {
	p.mu.Lock()
	other := p.screen != s
	p.screen = s
	p.mu.Unlock()
	if other {
		p.signal()
	}
}

// Wake lights a panel that was dimmed or blanked, as a press of the button does. It never blocks.
func (p *Presenter) Wake() {
	p.mu.Lock()
	p.woken = time.Now()
	p.mu.Unlock()
	p.signal()
}

func (p *Presenter) signal() {
	select {
	case p.changed <- struct{}{}:
	default: // Run has the signal already
	}
}

// Alive reports whether Run answers before ctx ends. While the panel is drawn on it does not.
func (p *Presenter) Alive(ctx context.Context) bool {
	select {
	case p.alive <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// Run draws until ctx ends, then draws the latest screen if it has not yet, and halts the panel. It
// returns the error of halting; drawing errors go to OnError and are retried with back-off.
func (p *Presenter) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return p.end()
		case <-p.alive:
			continue
		case <-p.changed:
		case <-timer.C:
		}
		next := p.update(time.Now())
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(time.Until(next))
		}
	}
}

// end shows the last screen bright and whole, once, and halts.
func (p *Presenter) end() error {
	select {
	case <-p.changed:
		p.retry, p.paper.drawn = time.Time{}, time.Time{}
		p.update(time.Now())
	default:
	}
	return p.panel.Halt()
}

// update brings the panel up to date and returns when to look again; the zero time is at the next signal.
func (p *Presenter) update(now time.Time) time.Time {
	p.take(now)
	if p.current.screen == nil || p.paper.skips(p.current.screen) {
		return time.Time{}
	}
	if now.Before(p.retry) {
		return p.retry
	}
	look, until := p.current.at(now)
	if p.geometry.Paper {
		if due := p.paper.due(p.current.screen, p.current.since); now.Before(due) {
			return sooner(until, due)
		}
	} else if look == p.look && p.current.mayWait(look, p.paper.shown) {
		return until
	}
	if err := p.show(look, now); err != nil {
		return p.failed(err, now)
	}
	p.recovered()
	return until
}

// take takes over the latest screen and presses.
func (p *Presenter) take(now time.Time) {
	p.mu.Lock()
	s, woken := p.screen, p.woken
	p.mu.Unlock()
	c := &p.current
	if subject(s) != subject(c.screen) {
		c.since, c.active = now, now
	}
	if woken.After(c.active) {
		c.active = woken
	}
	if s != c.screen {
		c.screen, c.paper = s, p.geometry.Paper
		c.pages = p.renderer.pages(s, p.geometry)
	}
}

func (p *Presenter) failed(err error, now time.Time) time.Time {
	p.failures++
	p.picture, p.paper.shown = nil, nil // what the panel shows is unknown
	p.retry = now.Add(retryDelay(p.failures))
	if p.failures == 1 {
		p.options.Log.Warn("panel fails, trying again", "error", err)
		p.options.OnError(err)
	}
	return p.retry
}

func (p *Presenter) recovered() {
	if p.failures > 0 {
		p.options.Log.Info("panel works again", "failures", p.failures)
		p.options.OnError(nil)
	}
	p.failures, p.retry = 0, time.Time{}
}

// The optional methods of a Panel.
type (
	fuller     interface{ Full() error }
	contraster interface{ Contrast(uint8) error }
	sleeper    interface{ Sleep() error }
)

// show draws a look unless the panel shows it already.
func (p *Presenter) show(l look, now time.Time) error {
	g := p.geometry
	g.Page = l.page
	frame := newCanvas(g).Paletted // all dark: a blank OLED
	if l.level != blank {
		frame = p.renderer.render(p.current.screen, g)
	}
	picture := shifted(frame, l.shift)
	if err := p.shine(l.level); err != nil {
		return err
	}
	shown := p.picture != nil && bytes.Equal(p.picture.Pix, picture.Pix)
	if shown && !(g.Paper && p.paper.overdue(now)) {
		p.look = l
		return nil
	}
	full := g.Paper && p.paper.full(p.current.screen, now)
	if err := p.draw(picture, full); err != nil {
		return err
	}
	p.picture, p.look = picture, l
	p.paper.note(p.current.screen, full, now)
	p.options.OnShow(p.current.screen)
	return nil
}

// draw puts the picture on the panel; paper sleeps afterwards, which spares it.
func (p *Presenter) draw(picture image.Image, full bool) error {
	began := time.Now()
	if f, ok := p.panel.(fuller); ok && full {
		if err := f.Full(); err != nil {
			return err
		}
	}
	if err := p.panel.Draw(p.panel.Bounds(), picture, image.Point{}); err != nil {
		return err
	}
	p.options.Log.Debug("panel drawn", "full", full, "took", time.Since(began))
	if s, ok := p.panel.(sleeper); ok && p.geometry.Paper {
		return s.Sleep()
	}
	return nil
}

// shine sets the contrast of an OLED where it changes. A blank one stays dim.
func (p *Presenter) shine(level brightness) error {
	c, ok := p.panel.(contraster)
	if !ok || p.geometry.Paper || level == p.level && p.picture != nil {
		return nil
	}
	contrast := p.options.Contrast
	if level != bright {
		contrast = min(contrast, dimContrast)
	}
	if err := c.Contrast(contrast); err != nil {
		return err
	}
	p.level = level
	return nil
}

// shifted is the picture moved by a few pixels; what moves in is ground.
func shifted(m *image.Paletted, by image.Point) *image.Paletted {
	if by == (image.Point{}) {
		return m
	}
	out := image.NewPaletted(m.Rect, m.Palette)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			if from := image.Pt(x, y).Sub(by); from.In(m.Rect) {
				out.Pix[y*out.Stride+x] = m.Pix[from.Y*m.Stride+from.X]
			}
		}
	}
	return out
}
