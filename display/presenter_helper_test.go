package display

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// fakePanel records what a presenter does to it.
type fakePanel struct {
	mu      sync.Mutex
	picture *image.Gray
	broken  error
	slow    time.Duration
	tally
}

// tally is what was done to the panel.
type tally struct {
	draws, fulls, sleeps, halts int
	contrast                    uint8
}

func (f *fakePanel) seen() (tally, []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tally, bytes.Clone(f.picture.Pix)
}

func (f *fakePanel) count() tally {
	c, _ := f.seen()
	return c
}

func newFakePanel(g Geometry) *fakePanel {
	return &fakePanel{picture: image.NewGray(image.Rect(0, 0, g.Width, g.Height))}
}

func (f *fakePanel) do(n *int) error {
	f.mu.Lock()
	slow := f.slow
	f.mu.Unlock()
	time.Sleep(slow)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return f.broken
	}
	*n++
	return nil
}

func (f *fakePanel) Bounds() image.Rectangle { return f.picture.Rect }
func (f *fakePanel) Full() error             { return f.do(&f.fulls) }
func (f *fakePanel) Sleep() error            { return f.do(&f.sleeps) }
func (f *fakePanel) Halt() error             { return f.do(&f.halts) }

func (f *fakePanel) Contrast(c uint8) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.contrast = c
	return f.broken
}

func (f *fakePanel) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	if err := f.do(&f.draws); err != nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		half := image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Max.Y/2) // a draw that fails leaves a part of the picture
		draw.Draw(f.picture, half, src, sp, draw.Src)
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	draw.Draw(f.picture, r, src, sp, draw.Src)
	return nil
}

func (f *fakePanel) breakDown(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = err
}

// shows reports whether the panel shows the screen, moved by at most a pixel.
func (f *fakePanel) shows(s Screen, g Geometry) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	want := Render(s, g).(*image.Paletted)
	for _, by := range orbit {
		moved := image.NewGray(want.Rect)
		draw.Draw(moved, moved.Rect, shifted(want, by), image.Point{}, draw.Src)
		if bytes.Equal(moved.Pix, f.picture.Pix) {
			return true
		}
	}
	return false
}

func (f *fakePanel) dark() bool {
	return f.shows(nil, Geometry{Width: f.picture.Rect.Dx(), Height: f.picture.Rect.Dy()})
}

var (
	oled     = Geometry{Width: 128, Height: 64}
	strip    = Geometry{Width: 128, Height: 32}
	ePaper   = Geometry{Width: 250, Height: 122, Paper: true}
	example  = Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", Left: 10 * time.Minute}
	resting  = Online{Account: "Alice"}
	atOnce   = 100 * time.Millisecond
	errWires = errors.New("wires")
)

// pass lets time go by until the presenter has done what falls into it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// present runs a presenter in a bubble and stops it in the end.
func present(t *testing.T, g Geometry, o PresenterOptions, body func(*Presenter, *fakePanel)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		panel := newFakePanel(g)
		p := NewPresenter(panel, g, o)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- p.Run(ctx) }()
		body(p, panel)
		cancel()
		if err := <-done; !errors.Is(err, panel.broken) {
			t.Errorf("Run ended with %v", err)
		}
	})
}
