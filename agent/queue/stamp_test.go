package queue

import (
	"testing"
	"time"
)

func TestAge(t *testing.T) {
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := Stamp{Wall: wall, Boot: "b", Mono: time.Hour}.stored()
	for name, c := range map[string]struct {
		then Stamp
		want time.Duration
	}{
		"this boot":                         {Stamp{Wall: wall.Add(-5 * time.Hour), Boot: "b", Mono: time.Minute}, 59 * time.Minute},
		"this boot, before the clock came":  {Stamp{Boot: "b", Mono: time.Minute}, 59 * time.Minute},
		"another boot":                      {Stamp{Wall: wall.Add(-5 * time.Hour), Boot: "a", Mono: time.Minute}, 5 * time.Hour},
		"another boot without a clock":      {Stamp{Boot: "a", Mono: time.Minute}, 0},
		"another boot, clock was fast then": {Stamp{Wall: wall.Add(time.Hour), Boot: "a"}, 0},
		"nothing known":                     {Stamp{}, 0},
	} {
		if got := age(c.then.stored(), now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := age(Stamp{Wall: wall}.stored(), Stamp{Boot: "b"}.stored()); got != 0 {
		t.Errorf("without a clock now: %v, want 0", got)
	}
}
