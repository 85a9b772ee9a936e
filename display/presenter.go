package display

import (
	"context"
	"image"
	"log/slog"
	"sync"
	"time"
)

// PresenterOptions are optional, each by itself.
type PresenterOptions struct {
	Log *slog.Logger
	// OnError hears from Run's goroutine that the panel cannot be drawn on, and with nil that it can again.
	OnError func(error)
	// OnFrame hears from Run's goroutine of each picture that the panel took, before any shift.
	OnFrame func(image.Image)
	// Contrast of a bright OLED, 1 to 255; 0 stands for 207.
	Contrast uint8
}

// Presenter brings the latest screen to a panel, in its own goroutine.
type Presenter struct {
	panel    Panel
	geometry Geometry
	options  PresenterOptions
	news     chan struct{} // holds one token: the latest screen or a press is to be seen to

	mu     sync.Mutex
	screen Screen
	woken  time.Time

	state // Run's own
}

// state is what Run knows of the panel.
type state struct {
	renderer renderer
	mood     mood
	paper    paper
	picture  *image.Paletted // as the panel shows it; nil if that is not known
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
	if o.OnFrame == nil {
		o.OnFrame = func(image.Image) {}
	}
	if o.Contrast == 0 {
		o.Contrast = brightContrast
	}
	return &Presenter{panel: p, geometry: g, options: o, news: make(chan struct{}, 1)}
}

// Show makes s the screen to be shown. It never blocks; a screen not drawn yet is skipped.
func (p *Presenter) Show(s Screen) {
	p.mu.Lock()
	changed := p.screen != s
	p.screen = s
	p.mu.Unlock()
	if changed {
		p.tell()
	}
}

// Wake lights a panel that was dimmed or blanked: somebody pressed the button. It never blocks.
func (p *Presenter) Wake() {
	p.mu.Lock()
	p.woken = time.Now()
	p.mu.Unlock()
	p.tell()
}

func (p *Presenter) tell() {
	select {
	case p.news <- struct{}{}:
	default: // Run is told already
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
		case <-p.news:
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
	case <-p.news:
		p.retry, p.paper.drawn = time.Time{}, time.Time{}
		p.update(time.Now())
	default:
	}
	return p.panel.Halt()
}

// update brings the panel up to date and tells when to look again; the zero time is on news only.
func (p *Presenter) update(now time.Time) time.Time {
	p.refresh(now)
	if p.mood.screen == nil {
		return time.Time{}
	}
	if now.Before(p.retry) {
		return p.retry
	}
	look, until := p.mood.at(now)
	if p.geometry.Paper {
		if due := p.paper.due(p.mood.screen); now.Before(due) {
			return sooner(until, due)
		}
	}
	if err := p.show(look, now); err != nil {
		return p.failed(err, now)
	}
	p.healthy()
	return until
}

// refresh takes over the latest screen and presses.
func (p *Presenter) refresh(now time.Time) {
	p.mu.Lock()
	s, woken := p.screen, p.woken
	p.mu.Unlock()
	m := &p.mood
	if subject(s) != subject(m.screen) {
		m.since, m.active = now, now
	}
	if woken.After(m.active) {
		m.active = woken
	}
	if s != m.screen {
		m.screen, m.paper = s, p.geometry.Paper
		m.pages = p.renderer.pages(s, p.geometry)
	}
}

func (p *Presenter) failed(err error, now time.Time) time.Time {
	p.failures++
	p.picture, p.paper.shown = nil, nil // nobody knows what the panel shows
	p.retry = now.Add(retryDelay(p.failures))
	if p.failures == 1 {
		p.options.Log.Warn("panel fails, trying again", "error", err)
		p.options.OnError(err)
	}
	return p.retry
}

func (p *Presenter) healthy() {
	if p.failures > 0 {
		p.options.Log.Info("panel works again", "failures", p.failures)
		p.options.OnError(nil)
	}
	p.failures, p.retry = 0, time.Time{}
}
