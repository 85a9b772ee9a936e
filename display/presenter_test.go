package display

import (
	"testing"
	"time"
)

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
