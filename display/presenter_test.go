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

// shows tells whether the panel shows the screen, moved by at most a pixel.
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
	resting  = Online{Name: "Printer", Account: "Alice"}
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

func TestPresenterShowsTheLatest(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		panel.mu.Lock()
		panel.slow = time.Second
		panel.mu.Unlock()
		for i := range 100 {
			p.Show(Online{Name: "Printer", Sent: i})
			pass(10 * time.Millisecond)
		}
		pass(5 * time.Second)
		if !panel.shows(Online{Name: "Printer", Sent: 99}, oled) {
			t.Error("the panel does not show the latest screen")
		}
		if panel.count().draws > 4 {
			t.Errorf("%d draws, though the panel takes a second for one", panel.count().draws)
		}
	})
}

func TestPresenterDrawsNothingTwice(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		for left := 600; left > 540; left-- { // a minute of a countdown in minutes
			s := example
			s.Left = time.Duration(left) * time.Second
			p.Show(s)
			pass(time.Second)
		}
		if panel.count().draws > 2 {
			t.Errorf("%d draws of one picture", panel.count().draws)
		}
	})
}

func TestPresenterAlternatesPages(t *testing.T) {
	present(t, strip, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(example)
		second := strip
		second.Page = 1
		for range 3 {
			pass(atOnce)
			if !panel.shows(example, strip) {
				t.Error("not the first page")
			}
			pass(pagePace)
			if !panel.shows(example, second) {
				t.Error("not the second page")
			}
			pass(pagePace - atOnce)
		}
	})
}

func TestPresenterDimsBlanksAndWakes(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(resting)
		pass(atOnce)
		if panel.count().contrast != brightContrast {
			t.Errorf("contrast %d at first", panel.count().contrast)
		}
		pass(dimAfter)
		if panel.count().contrast != dimContrast || !panel.shows(resting, oled) {
			t.Errorf("contrast %d after a minute", panel.count().contrast)
		}
		pass(blankAfter)
		if !panel.dark() {
			t.Error("not dark after half an hour")
		}
		figures := resting
		figures.Sent = 7
		p.Show(figures)
		pass(atOnce)
		if !panel.dark() {
			t.Error("a figure woke the panel")
		}
		p.Wake()
		pass(atOnce)
		if panel.count().contrast != brightContrast || !panel.shows(figures, oled) {
			t.Error("a press did not wake the panel")
		}
		pass(dimAfter + blankAfter)
		p.Show(Problem{Code: "no_network"})
		pass(atOnce)
		if panel.count().contrast != brightContrast || !panel.shows(Problem{Code: "no_network"}, oled) {
			t.Error("news did not wake the panel")
		}
	})
}

func TestPresenterNeverBlanksACode(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(example)
		pass(time.Hour)
		if !panel.shows(example, oled) {
			t.Error("the code is gone")
		}
	})
}

func TestPresenterSpreadsWear(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		s := Problem{Code: "no_network"}
		p.Show(s)
		lit := make([]int, len(panel.picture.Pix))
		for range orbit {
			pass(shiftEvery)
			_, pix := panel.seen()
			for i, v := range pix {
				lit[i] += int(v / 255)
			}
		}
		once, always := 0, 0
		for _, n := range lit {
			if n > 0 {
				once++
			}
			if n == len(orbit) {
				always++
			}
		}
		if !panel.shows(s, oled) || always > once/10 {
			t.Errorf("%d of %d pixels are lit always", always, once)
		}
	})
}

func TestPresenterOnPaper(t *testing.T) {
	present(t, ePaper, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(Starting{Name: "Printer"})
		pass(atOnce)
		p.Show(example)
		pass(atOnce)
		if panel.count().fulls != 2 || panel.count().sleeps != panel.count().draws {
			t.Errorf("%d full refreshes for two screens, %d sleeps after %d draws", panel.count().fulls, panel.count().sleeps, panel.count().draws)
		}
		for left := 3; left > 0; left-- {
			p.Show(Holding{Left: time.Duration(left) * time.Second})
			pass(time.Second)
			p.Show(Holding{Action: "pair", Left: time.Duration(left) * time.Second})
			pass(time.Second)
		}
		if panel.count().fulls != 2 {
			t.Errorf("%d full refreshes, a countdown must have none", panel.count().fulls)
		}
		p.Show(resting)
		pass(atOnce)
		before := panel.count().draws
		for i := range 3600 {
			s := resting
			s.Sent = i
			p.Show(s)
			pass(time.Second)
		}
		if n := panel.count().draws - before; n < 15 || n > 21 {
			t.Errorf("%d draws in an hour of figures", n)
		}
		if panel.count().contrast != 0 {
			t.Error("paper was dimmed")
		}
	})
}

func TestPresenterClearsGhosts(t *testing.T) {
	present(t, ePaper, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		for i := range 100 {
			p.Show(Online{Name: "Printer", Sent: i})
			pass(paperRest + time.Second)
		}
		if want := 1 + 100/(maxPartials+1); panel.count().fulls != want {
			t.Errorf("%d full refreshes in 100 draws, want %d", panel.count().fulls, want)
		}
		before := panel.count().fulls
		pass(72 * time.Hour)
		p.Show(Online{Name: "Printer", Sent: 101})
		pass(atOnce)
		if panel.count().fulls == before {
			t.Error("no full refresh after three days")
		}
	})
}

func TestPresenterRecovers(t *testing.T) {
	var heard []error
	o := PresenterOptions{OnError: func(err error) { heard = append(heard, err) }}
	present(t, oled, o, func(p *Presenter, panel *fakePanel) {
		panel.breakDown(errWires)
		p.Show(example)
		pass(10 * time.Minute)
		p.Show(resting)
		pass(atOnce)
		if len(heard) != 1 || heard[0] != errWires {
			t.Fatalf("heard %v of one lasting failure", heard)
		}
		panel.breakDown(nil)
		pass(time.Minute)
		if !panel.shows(resting, oled) {
			t.Error("not the latest screen after the repair")
		}
		if len(heard) != 2 || heard[1] != nil {
			t.Errorf("heard %v", heard)
		}
	})
}

func TestPresenterEndsWithTheLastScreen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panel := newFakePanel(ePaper)
		p := NewPresenter(panel, ePaper, PresenterOptions{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p.Show(Wiped{})
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		if !panel.shows(Wiped{}, ePaper) || panel.count().halts != 1 {
			t.Errorf("the last screen is missing, %d halts", panel.count().halts)
		}
	})
}

func TestRetryDelay(t *testing.T) {
	for failures, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := retryDelay(failures); got != want {
			t.Errorf("after %d failures %v, want %v", failures, got, want)
		}
	}
}
