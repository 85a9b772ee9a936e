package telemetry

import (
	"testing"
	"time"
)

func TestDiagnosisConcludesNothingTooSoon(t *testing.T) {
	ends := func(e ending, times int) (h diagnosis, last finding) {
		e.now = noon
		for range times {
			last = h.sessionEnded(e)
		}
		return h, last
	}
	kicked := ending{closed: true, phase: draining, age: 3 * time.Second}
	takenOver := ending{closed: true, phase: draining, age: 2 * time.Minute, quiet: 20 * time.Second}
	poison := ending{closed: true, phase: draining, age: time.Hour, quiet: time.Second, inFlight: []uint64{7}}
	for name, c := range map[string]struct {
		e                ending
		times            int
		detail, aside    bool
		window           int
		skipsSubscribing bool
		skipsDescribing  bool
	}{
		"kicked twice":             {e: kicked, times: 2, window: windowSize},
		"kicked three times":       {e: kicked, times: 3, detail: true, window: windowSize},
		"taken over four times":    {e: takenOver, times: 4, window: windowSize},
		"taken over five times":    {e: takenOver, times: 5, detail: true, window: windowSize},
		"timed out":                {e: ending{phase: draining, age: time.Second}, times: 9, window: windowSize},
		"long sessions":            {e: ending{closed: true, phase: draining, age: time.Hour, quiet: time.Minute}, times: 9, window: windowSize},
		"a record twice":           {e: poison, times: 2, window: 1},
		"a record three times":     {e: poison, times: 3, detail: true, aside: true, window: windowSize},
		"one of many":              {e: ending{closed: true, phase: draining, age: time.Hour, quiet: time.Second, inFlight: []uint64{7, 8}}, times: 9, window: 1},
		"long after the record":    {e: ending{closed: true, phase: draining, age: time.Hour, quiet: 3 * time.Second, inFlight: []uint64{7}}, times: 9, window: windowSize},
		"subscription":             {e: ending{closed: true, phase: subscribing}, times: 3, detail: true, window: windowSize, skipsSubscribing: true},
		"subscription, not closed": {e: ending{phase: subscribing}, times: 9, window: windowSize},
		"closed after /about":      {e: ending{closed: true, phase: draining, optional: describing, age: time.Millisecond}, times: 3, detail: true, window: windowSize, skipsDescribing: true},
		"later than /about":        {e: ending{closed: true, phase: draining, optional: describing, age: 3 * time.Second}, times: 3, detail: true, window: windowSize},
		"birth":                    {e: ending{closed: true, phase: announcing}, times: 3, detail: true, window: windowSize},
	} {
		h, last := ends(c.e, c.times)
		if (last.detail != "") != c.detail || last.setAside != c.aside || h.window() != c.window || h.skips(subscribing, noon) != c.skipsSubscribing || h.skips(describing, noon) != c.skipsDescribing {
			t.Errorf("%s: %+v, window %d", name, last, h.window())
		}
		if h.skips(subscribing, noon.Add(skipFor)) {
			t.Errorf("%s: left out without end", name)
		}
	}
}

func TestASoundSessionEndsTheDiagnosis(t *testing.T) {
	var h diagnosis
	kicked := ending{now: noon, closed: true, phase: draining, age: 3 * time.Second}
	sound := ending{now: noon, closed: true, phase: draining, age: time.Hour, quiet: time.Hour}
	later := ending{now: noon, closed: true, phase: draining, age: time.Minute}
	for _, e := range []ending{kicked, kicked, sound, kicked, kicked, later, later, sound, later, later, later, later} {
		if got := h.sessionEnded(e); got != (finding{}) {
			t.Errorf("%+v", got)
		}
	}
	h.sessionEnded(ending{now: noon, closed: true, phase: draining, age: time.Hour, inFlight: []uint64{7, 8, 9}})
	h.acked(8)
	if h.window() != 1 {
		t.Error("a record in doubt was forgotten")
	}
	h.acked(9)
	if h.window() != windowSize || h.hold() != 0 {
		t.Error("doubt remains")
	}
}

func TestRefusedRecordsAmongOthersAreNoFaultOfTheToken(t *testing.T) {
	var h diagnosis
	poison := func(seq uint64) (last finding) {
		for range conclusive {
			last = h.sessionEnded(ending{now: noon, closed: true, phase: draining, inFlight: []uint64{seq}})
		}
		return last
	}
	for seq := uint64(1); seq < 9; seq += 2 {
		if got := poison(seq); !got.setAside || got.denied {
			t.Errorf("record %d: %+v", seq, got)
		}
		h.acked(seq + 1)
	}
	poison(11)
	poison(12)
	if got := poison(13); !got.setAside || !got.denied {
		t.Errorf("the third in a row: %+v", got)
	}
}

func TestAckedCountsADay(t *testing.T) {
	var d dailyCount
	d.add(noon)
	d.add(noon.Add(time.Minute))
	if d.today(noon) != 2 || d.today(noon.Add(24*time.Hour)) != 0 {
		t.Error("counted wrongly")
	}
}
