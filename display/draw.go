package display

import (
	"bytes"
	"image"
	"time"
)

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
		frame = p.renderer.render(p.mood.screen, g)
	}
	picture := shifted(frame, l.shift)
	if err := p.shine(l.level); err != nil {
		return err
	}
	if p.picture != nil && bytes.Equal(p.picture.Pix, picture.Pix) && !p.stale(now) {
		return nil
	}
	full := g.Paper && p.paper.full(p.mood.screen, now)
	if err := p.draw(picture, full); err != nil {
		return err
	}
	p.picture = picture
	p.paper.note(p.mood.screen, full, now)
	p.options.OnFrame(frame)
	return nil
}

// stale tells that paper has been without a full refresh for a day.
func (p *Presenter) stale(now time.Time) bool {
	return p.geometry.Paper && now.Sub(p.paper.cleared) >= fullEvery
}

// draw puts the picture on the panel; paper sleeps afterwards, which spares it.
func (p *Presenter) draw(picture image.Image, full bool) error {
	if f, ok := p.panel.(fuller); ok && full {
		if err := f.Full(); err != nil {
			return err
		}
	}
	if err := p.panel.Draw(p.panel.Bounds(), picture, image.Point{}); err != nil {
		return err
	}
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
