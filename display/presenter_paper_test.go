package display

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestPresenterOnPaper(t *testing.T) {
	present(t, ePaper, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(Starting{})
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

// TestPaperWaitsForTheCode: paper that refreshes in part shows only the code if the server answers within a second; if not, it says
// meanwhile that something happens, without flashing.
func TestPaperWaitsForTheCode(t *testing.T) {
	for answer, want := range map[time.Duration]int{800 * time.Millisecond: 1, 3 * time.Second: 2} {
		present(t, ePaper, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
			p.Show(Press{})
			pass(time.Hour)
			before := panel.count()
			p.Show(Starting{})
			pass(answer)
			p.Show(example)
			pass(atOnce)
			after := panel.count()
			if draws, fulls := after.draws-before.draws, after.fulls-before.fulls; draws != want || fulls != 1 {
				t.Errorf("an answer after %v: %d refreshes, %d of them full", answer, draws, fulls)
			}
		})
	}
}

// TestPresenterOnWholePaper: a panel that only refreshes wholly does so once from the press to the code, not
// while the button is held, not for the resting screen soon after the account's name, and once for the
// question of a reset.
func TestPresenterOnWholePaper(t *testing.T) {
	g := ePaper
	g.Whole = true
	var shown []Screen
	o := PresenterOptions{OnShow: func(s Screen) { shown = append(shown, s) }}
	present(t, g, o, func(p *Presenter, panel *fakePanel) {
		panel.mu.Lock()
		panel.slow = 10 * time.Second
		panel.mu.Unlock()
		want := func(what string, draws int) {
			t.Helper()
			if n := panel.count().draws; n != draws {
				t.Errorf("%s: %d refreshes, want %d", what, n, draws)
			}
		}
		hold := func() {
			for left := 3; left > 0; left-- {
				p.Show(Holding{Left: time.Duration(left) * time.Second})
				pass(time.Second)
			}
		}
		p.Show(Starting{})
		pass(time.Minute)
		p.Show(Press{})
		pass(time.Minute)
		want("at rest", 2)
		hold()
		p.Show(Starting{})
		pass(time.Second)
		want("while the button is held", 2)
		p.Show(example)
		pass(time.Minute)
		want("the code", 3)
		p.Show(Paired{Account: "Alice"})
		pass(30 * time.Second)
		p.Show(resting)
		pass(30 * time.Second)
		want("the account", 4)
		pass(2 * time.Minute)
		want("online", 5)
		for i := range 59 {
			p.Show(Online{Account: "Alice", Sent: i})
			pass(time.Minute)
		}
		if n := panel.count().draws; n > 6 {
			t.Errorf("%d refreshes for an hour of figures", n-5)
		}
		before := panel.count().draws
		hold()
		p.Show(ConfirmReset{Left: 10 * time.Second})
		pass(time.Minute)
		want("the question", before+1)
		if s := shown[len(shown)-1]; s != (ConfirmReset{Left: 10 * time.Second}) {
			t.Errorf("the last screen said to be shown is %#v", s)
		}
	})
}

func TestPresenterClearsGhosts(t *testing.T) {
	present(t, ePaper, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		for i := range 100 {
			p.Show(Online{Sent: i})
			pass(paperRest + time.Second)
		}
		if want := 1 + 100/(maxPartials+1); panel.count().fulls != want {
			t.Errorf("%d full refreshes in 100 draws, want %d", panel.count().fulls, want)
		}
		before := panel.count().fulls
		pass(72 * time.Hour)
		p.Show(Online{Sent: 101})
		pass(atOnce)
		if panel.count().fulls == before {
			t.Error("no full refresh after three days")
		}
	})
}

// After a draw that failed e-paper is refreshed wholly, whatever comes: what it shows is not known.
func TestPaperIsClearedAfterAFailure(t *testing.T) {
	present(t, ePaper, PresenterOptions{}, func(p *Presenter, panel *fakePanel) {
		p.Show(Online{Sent: 1})
		pass(time.Second)
		panel.breakDown(errWires)
		p.Show(Online{Sent: 2})
		pass(paperRest)
		panel.breakDown(nil)
		before := panel.count().fulls
		pass(2 * time.Minute)
		if !panel.shows(Online{Sent: 2}, ePaper) || panel.count().fulls != before+1 {
			t.Errorf("%d full refreshes after the repair, want 1", panel.count().fulls-before)
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
