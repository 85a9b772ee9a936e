package telemetry

import (
	"testing"
	"time"
)

func TestHistoryBlamesNobodyTooSoon(t *testing.T) {
	ends := func(e ending, times int) (h history, last lesson) {
		e.now = noon
		for range times {
			last = h.learn(e)
		}
		return h, last
	}
	kicked := ending{closed: true, phase: serving, age: 3 * time.Second}
	poison := ending{closed: true, phase: serving, age: time.Hour, quiet: time.Second, inflight: []uint64{7}}
	for name, c := range map[string]struct {
		e              ending
		times          int
		detail, aside  bool
		window         int
		skipsListening bool
	}{
		"kicked twice":             {e: kicked, times: 2, window: windowSize},
		"kicked three times":       {e: kicked, times: 3, detail: true, window: windowSize},
		"timed out":                {e: ending{phase: serving, age: time.Second}, times: 9, window: windowSize},
		"long sessions":            {e: ending{closed: true, phase: serving, age: time.Hour, quiet: time.Minute}, times: 9, window: windowSize},
		"a record twice":           {e: poison, times: 2, window: 1},
		"a record three times":     {e: poison, times: 3, detail: true, aside: true, window: windowSize},
		"one of many":              {e: ending{closed: true, phase: serving, age: time.Hour, quiet: time.Second, inflight: []uint64{7, 8}}, times: 9, window: 1},
		"long after the record":    {e: ending{closed: true, phase: serving, age: time.Hour, quiet: 3 * time.Second, inflight: []uint64{7}}, times: 9, window: windowSize},
		"subscription":             {e: ending{closed: true, phase: listening}, times: 3, detail: true, window: windowSize, skipsListening: true},
		"subscription, not closed": {e: ending{phase: listening}, times: 9, window: windowSize},
		"birth":                    {e: ending{closed: true, phase: greeting}, times: 3, detail: true, window: windowSize},
	} {
		h, last := ends(c.e, c.times)
		if (last.detail != "") != c.detail || last.setAside != c.aside || h.window() != c.window || h.skips(listening, noon) != c.skipsListening {
			t.Errorf("%s: %+v, window %d", name, last, h.window())
		}
		if h.skips(listening, noon.Add(silence)) {
			t.Errorf("%s: left out for ever", name)
		}
	}
}

func TestHistoryForgetsAfterASoundSession(t *testing.T) {
	var h history
	kicked := ending{now: noon, closed: true, phase: serving, age: 3 * time.Second}
	sound := ending{now: noon, closed: true, phase: serving, age: time.Hour, quiet: time.Hour}
	for _, e := range []ending{kicked, kicked, sound, kicked, kicked} {
		if got := h.learn(e); got != (lesson{}) {
			t.Errorf("%+v", got)
		}
	}
	h.learn(ending{now: noon, closed: true, phase: serving, age: time.Hour, inflight: []uint64{7, 8, 9}})
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
	var h history
	poison := func(seq uint64) (last lesson) {
		for range patience {
			last = h.learn(ending{now: noon, closed: true, phase: serving, inflight: []uint64{seq}})
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

func TestAckedBeginsAnewAtMidnight(t *testing.T) {
	var d daily
	d.add(noon)
	d.add(noon.Add(time.Minute))
	if d.today(noon) != 2 || d.today(noon.Add(24*time.Hour)) != 0 {
		t.Error("counted wrongly")
	}
}
