package crashtest

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/paird/paird/agent/internal/statedir"
)

// States returns how many distinct states a test shall check: PAIRD_CRASH_STATES, or 20,000, or
// 2,000 under the race detector.
func States(t testing.TB) int {
	t.Helper()
	s := os.Getenv("PAIRD_CRASH_STATES")
	if s == "" {
		return defaultStates
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("PAIRD_CRASH_STATES=%q: not a number of states", s)
	}
	return n
}

// Dir returns an empty directory in memory, where there is such a file system, so that the flushes
// of the program under test cost nothing.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "paird-crash-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// examine enumerates the states and hands each to check in a directory that holds its files and that
// check may change; several at once. It returns how many there were, and how many errors check
// returned with the first of them. A panic of check is an error.
func examine(t testing.TB, ops []statedir.Op, o Options, check func(dir string, s State) error) (states, failed int, first error) {
	t.Helper()
	work := make(chan State)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		dir := Dir(t)
		wg.Go(func() {
			for s := range work {
				err := s.WriteTo(dir)
				if err == nil {
					err = guard(check, dir, s)
				}
				if err == nil {
					continue
				}
				mu.Lock()
				failed++
				if first == nil {
					first = err
				}
				mu.Unlock()
			}
		})
	}
	states = Enumerate(ops, o, func(s State) { work <- s })
	close(work)
	wg.Wait()
	return states, failed, first
}

// Holds fails t where a state breaks a promise; of says whose operations they are.
func Holds(t testing.TB, of string, ops []statedir.Op, o Options, check func(dir string, s State) error) {
	t.Helper()
	n, failed, err := examine(t, ops, o, check)
	if failed > 0 {
		t.Errorf("%s: %d of %d states break a promise, the first: %v", of, failed, n, err)
	}
	t.Logf("%s: %d states", of, n)
}

// Breaks fails t where no state breaks a promise, although fault is in the operations: then check would prove nothing.
func Breaks(t testing.TB, fault string, ops []statedir.Op, o Options, check func(dir string, s State) error) {
	t.Helper()
	n, failed, err := examine(t, ops, o, check)
	if failed == 0 {
		t.Errorf("%s: all of %d states keep every promise", fault, n)
	}
	t.Logf("%s: %d of %d states break a promise, such as: %v", fault, failed, n, err)
}

// CheckLives checks want states, at most most of each life, and fails t where one breaks a promise. live runs the life of
// a seed; it returns the operations on the disk, and the check of each state.
func CheckLives(t testing.TB, want, most int, live func(seed uint64) ([]statedir.Op, func(dir string, s State) error)) {
	t.Helper()
	states := 0
	for seed := uint64(1); states < want; seed++ {
		ops, check := live(seed)
		n, failed, err := examine(t, ops, Options{Seed: seed, Limit: min(want-states, most)}, check)
		if failed > 0 {
			t.Fatalf("life %d: %d of %d states break a promise, the first: %v", seed, failed, n, err)
		}
		states += n
	}
	t.Logf("%d distinct states", states)
}

// guard runs check. Its error says which state it is about.
func guard(check func(string, State) error, dir string, s State) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
		if err != nil {
			err = fmt.Errorf("%s after %d: %w", s.Desc, s.Mark, err)
		}
	}()
	return check(dir, s)
}
