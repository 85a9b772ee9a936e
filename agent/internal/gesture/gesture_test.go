package gesture

import (
	"testing"
	"time"
)

var hold = Config{PairHold: 3 * time.Second, ResetHold: 10 * time.Second}

// press is a button held from one offset to another, in seconds.
type press struct{ from, to float64 }

func run(c Config, presses ...press) (State, []Action) {
	var s State
	var acts []Action
	take := func(down bool, at float64) {
		var a Action
		s, a = s.Next(c, Edge{down, t0.Add(time.Duration(at * float64(time.Second)))})
		if a != None {
			acts = append(acts, a)
		}
	}
	for _, p := range presses {
		take(true, p.from)
		take(false, p.to)
	}
	return s, acts
}

var t0 = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func TestMeaning(t *testing.T) {
	never := Config{PairHold: 3 * time.Second}
	for _, tt := range []struct {
		name    string
		cfg     Config
		presses []press
		want    []Action
	}{
		{"a tap", hold, []press{{0, 0.1}}, []Action{Click}},
		{"just short of pairing", hold, []press{{0, 2.999}}, []Action{Click}},
		{"pairing", hold, []press{{0, 3}}, []Action{Pair}},
		{"still pairing", hold, []press{{0, 9.9}}, []Action{Pair}},
		{"the question", hold, []press{{0, 10}}, []Action{Ask}},
		{"the question, answered", hold, []press{{0, 11}, {20.9, 21}}, []Action{Ask, Reset}},
		{"answered by a long press", hold, []press{{0, 11}, {12, 30}}, []Action{Ask, Reset}},
		{"answered too late", hold, []press{{0, 11}, {21, 21.2}}, []Action{Ask, Click}},
		{"no reset by button", never, []press{{0, 60}, {61, 61.1}}, []Action{Pair, Click}},
		{"two taps", hold, []press{{0, 0.1}, {0.2, 0.3}}, []Action{Click, Click}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, got := run(tt.cfg, tt.presses...)
			if len(got) != len(tt.want) {
				t.Fatalf("got %v, want %v", got, tt.want)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Fatalf("got %v, want %v", got, tt.want)
				}
			}
		})
	}
}

func TestRepeatedLevelsMeanNothing(t *testing.T) {
	s, a := State{}.Next(hold, Edge{Down: false, At: t0})
	if a != None || s != (State{}) {
		t.Fatalf("an up edge at rest: %v %v", s, a)
	}
	s, _ = s.Next(hold, Edge{true, t0})
	again, a := s.Next(hold, Edge{true, t0.Add(time.Hour)})
	if a != None || again != s {
		t.Fatalf("a second down edge: %v %v", again, a)
	}
}

func TestHeldCountsDown(t *testing.T) {
	s, _ := State{}.Next(hold, Edge{true, t0})
	for _, tt := range []struct {
		at   time.Duration
		want Action
		left time.Duration
	}{
		{0, Click, 3 * time.Second},
		{time.Second, Click, 2 * time.Second},
		{3 * time.Second, Pair, 7 * time.Second},
		{10 * time.Second, Ask, 0},
	} {
		if a, left := s.Held(hold, t0.Add(tt.at)); a != tt.want || left != tt.left {
			t.Errorf("after %v: %v %v, want %v %v", tt.at, a, left, tt.want, tt.left)
		}
	}
	if a, _ := (State{}).Held(hold, t0); a != None {
		t.Errorf("a button at rest is held: %v", a)
	}
}

func TestQuestionCloses(t *testing.T) {
	s, _ := run(hold, press{0, 10})
	if left := s.Question(t0.Add(12 * time.Second)); left != 8*time.Second {
		t.Errorf("2 s after letting go: %v left, want 8 s", left)
	}
	if left := s.Question(t0.Add(time.Minute)); left != 0 {
		t.Errorf("a minute later: %v left", left)
	}
}
