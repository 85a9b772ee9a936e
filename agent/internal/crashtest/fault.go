package crashtest

import (
	"os"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
)

// A Fault refuses one operation on the disk, or all from one on until a time.
type Fault struct {
	Err   error
	Nth   int                    // operation, from 0
	Lasts time.Duration          // 0: that one alone
	Kinds map[statedir.Kind]bool // that were refused; nil: they are not noted

	mu    sync.Mutex
	began time.Time // zero: not yet
	count int
}

// Tap is the statedir.Tap that refuses.
func (f *Fault) Tap(op statedir.Op) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.count
	f.count++
	if n == f.Nth {
		f.began = time.Now()
	}
	if n != f.Nth && (n < f.Nth || time.Since(f.began) >= f.Lasts) {
		return nil
	}
	if f.Kinds != nil {
		f.Kinds[op.Kind] = true
	}
	return &os.PathError{Op: "refused", Path: op.Path, Err: f.Err}
}

// Count is how many operations there were.
func (f *Fault) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}
