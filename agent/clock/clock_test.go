package clock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestIsSet(t *testing.T) {
	floor := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, c := range map[string]struct {
		now, floor time.Time
		synced     bool
		want       bool
	}{
		"1970":                   {time.Unix(10, 0), floor, false, false},
		"1970 but synchronised":  {time.Unix(10, 0), floor, true, true},
		"at the floor":           {floor, floor, false, false},
		"a second past":          {floor.Add(time.Second), floor, false, true},
		"no floor":               {floor, time.Time{}, false, false},
		"no floor, synchronised": {floor, time.Time{}, true, true},
	} {
		if got := isSet(c.now, c.floor, c.synced); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestSynchronisedIsSticky(t *testing.T) {
	synced, err := false, error(nil)
	c := New(Options{Adjtimex: func() (bool, error) { return synced, err }})
	if c.Synchronised() {
		t.Fatal("synchronised before the kernel said so")
	}
	synced, err = true, errors.New("adjtimex: operation not permitted")
	if c.Synchronised() {
		t.Fatal("believed an answer that came with an error")
	}
	err = nil
	if !c.Synchronised() {
		t.Fatal("not synchronised although the kernel says so")
	}
	synced = false
	if !c.Synchronised() || !c.Set() {
		t.Fatal("lost with the kernel's flag")
	}
}

func TestRaise(t *testing.T) {
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	c := New(Options{Floor: now.Add(-time.Hour), Now: func() time.Time { return now }, Adjtimex: never})
	if !c.Set() {
		t.Fatal("not set past the floor")
	}
	c.Raise(now.Add(time.Hour))
	if c.Set() {
		t.Fatal("set before the raised floor")
	}
	c.Raise(now.Add(-time.Hour))
	if c.Set() {
		t.Fatal("the floor came down")
	}
}

func never() (bool, error) { return false, nil }

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		synced := func() (bool, error) { return time.Since(start) >= time.Hour, nil }
		c := New(Options{Floor: start.Add(24 * time.Hour), Adjtimex: synced})
		if err := c.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(start); d < time.Hour || d > time.Hour+recheck {
			t.Fatalf("returned after %v", d)
		}
		start = start.Add(-2 * time.Hour)
		if err := c.Wait(t.Context()); err != nil {
			t.Fatal("does not return at once when set:", err)
		}
	})
}

func TestWaitEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := New(Options{Adjtimex: never}).Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
	})
}

func TestSystem(t *testing.T) {
	c := New(Options{Floor: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)})
	a := c.Monotonic()
	b := c.Monotonic()
	if a <= 0 || b < a {
		t.Errorf("monotonic %v then %v", a, b)
	}
	if len(c.BootID()) != 36 {
		t.Errorf("boot id %q is not a UUID", c.BootID())
	}
	if !c.Set() {
		t.Error("a computer that runs tests has its clock set")
	}
	if _, err := kernelSynchronised(); err != nil {
		t.Error(err)
	}
}
