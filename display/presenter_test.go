package display

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/draw"
	"testing"
	"time"
)

func TestPresenterShowsTheLatest(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		panel.mu.Lock()
		panel.slow = time.Second
		panel.mu.Unlock()
		for i := range 100 {
			p.Show(Online{Sent: i})
			pass(10 * time.Millisecond)
		}
		pass(5 * time.Second)
		if !panel.shows(Online{Sent: 99}, oled) {
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

// TestPresenterAlternatesPages: the code has two thirds of the time, the URI beside the QR code the rest.
func TestPresenterAlternatesPages(t *testing.T) {
	s := Pairing{UserCode: "GLMC-QDDJ", VerificationURI: "https://infinyon-cloud.us.auth0.com/activate", Left: 10 * time.Minute}
	for _, g := range []Geometry{oled, strip} {
		present(t, g, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
			second := g
			second.Page = 1
			p.Show(s)
			for range 3 {
				for range 2 {
					pass(atOnce)
					if !panel.shows(s, g) {
						t.Error("not the code")
					}
					pass(pageTime - atOnce)
				}
				pass(atOnce)
				if !panel.shows(s, second) {
					t.Error("not the URI")
				}
				pass(pageTime - atOnce)
			}
		})
	}
}

// TestPagesShareTheTime: whatever the pages, the first have at least two thirds of the time, all have some,
// and a page holds until the time it is said to.
func TestPagesShareTheTime(t *testing.T) {
	start := time.Unix(1e9, 0)
	for first := 1; first <= 4; first++ {
		for further := range 5 {
			c := current{screen: example, since: start, active: start, pages: pageCount{first, further}}
			seen, total := make([]time.Duration, first+further), time.Duration(0)
			for now := start; now.Before(start.Add(time.Hour)); {
				page, until := c.page(now)
				if until.IsZero() {
					until = start.Add(time.Hour)
				}
				if before, _ := c.page(until.Add(-1)); before != page || !until.After(now) {
					t.Fatalf("%d and %d pages: page %d does not hold from %v to %v", first, further, page, now, until)
				}
				seen[page] += until.Sub(now)
				total += until.Sub(now)
				now = until
			}
			code := time.Duration(0)
			for page, d := range seen {
				if page < first {
					code += d
				}
				if d == 0 {
					t.Errorf("%d and %d pages: page %d is never shown", first, further, page)
				}
			}
			if 100*code < 66*total {
				t.Errorf("%d and %d pages: the code is shown %v of %v", first, further, code, total)
			}
		}
	}
}

// TestPresenterIsAlive: it answers between drawings, not while a drawing hangs, nor after its end.
func TestPresenterIsAlive(t *testing.T) {
	within := func(p *Presenter, d time.Duration) bool {
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		return p.Alive(ctx)
	}
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(example)
		pass(atOnce)
		if !within(p, time.Second) {
			t.Error("no answer between drawings")
		}
		panel.mu.Lock()
		panel.slow = time.Minute
		panel.mu.Unlock()
		p.Show(resting)
		pass(atOnce)
		if within(p, time.Second) {
			t.Error("an answer while a drawing hangs")
		}
		if !within(p, time.Hour) {
			t.Error("no answer after the drawing")
		}
	})
	if within(NewPresenter(newFakePanel(oled), oled, PresenterOptions{}), time.Millisecond) {
		t.Error("an answer without Run")
	}
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
			t.Error("another screen did not wake the panel")
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

// TestPresenterRests: figures on a dimmed panel come with the step against burn-in, after a press at once, and on a dark panel
// not at all.
func TestPresenterRests(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		s := resting
		count := func(d time.Duration) (draws int) {
			before := panel.count().draws
			for range d / (10 * time.Second) {
				s.Sent++
				p.Show(s)
				pass(10 * time.Second)
			}
			return panel.count().draws - before
		}
		if n := count(dimAfter); n < 6 {
			t.Errorf("%d draws of 6 figures on a bright panel", n)
		}
		if n := count(10 * time.Minute); n < 9 || n > 11 {
			t.Errorf("%d draws in ten minutes of a dimmed panel, want one a minute", n)
		}
		p.Wake()
		pass(atOnce)
		if !panel.shows(s, oled) {
			t.Error("a press does not bring the latest figures")
		}
		count(blankAfter + dimAfter)
		if n := count(10 * time.Minute); n != 0 {
			t.Errorf("%d draws in ten minutes of a dark panel", n)
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

// After a draw that failed the panel shows neither picture: the one before is drawn again when it is asked for.
func TestPresenterDoesNotTrustAFailedDraw(t *testing.T) {
	present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		before := Problem{Code: "no_network"}
		p.Show(before)
		pass(time.Second)
		panel.breakDown(errors.New("bus error"))
		p.Show(Problem{Code: "server"})
		pass(time.Second)
		panel.breakDown(nil)
		p.Show(before)
		pass(shiftEvery / 3) // less: a step against burn-in draws it all
		if !panel.shows(before, oled) {
			t.Error("the panel shows a part of the screen whose draw failed")
		}
	})
}

// A QR code and the test card stand still: what they light at the edge would be cut off.
func TestPresenterDoesNotMoveWhatReachesTheEdge(t *testing.T) {
	code := Pairing{UserCode: "WDJB-MJHT", VerificationURI: "https://example.com/device", VerificationURIComplete: "https://example.com/device?user_code=WDJB-MJHT"}
	for _, s := range []Screen{code, TestCard{Panel: "ssd1306"}} {
		present(t, oled, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
			p.Show(s)
			for minute := range orbit {
				pass(shiftEvery)
				_, pix := panel.seen()
				still := false
				g := oled
				for g.Page = range Pages(s, g) {
					picture := image.NewGray(panel.Bounds())
					draw.Draw(picture, picture.Rect, Render(s, g), image.Point{}, draw.Src)
					still = still || bytes.Equal(pix, picture.Pix)
				}
				if !still {
					t.Fatalf("%T, minute %d: the picture has moved", s, minute+1)
				}
			}
		})
	}
}
