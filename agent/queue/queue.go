package queue

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
	"golang.org/x/sys/unix"
)

// MaxPayload is the largest payload that Put takes, in bytes.
const MaxPayload = 64 << 10

// Errors of Put and Next besides *StorageError.
var (
	ErrTooLarge = errors.New("the message is too large for the queue: at most 64 KiB, a topic of 1 KiB, and queue.max_bytes")
	ErrClosed   = errors.New("the queue is closed")
)

// A StorageError says that the disk did not take or give what it should.
type StorageError struct {
	Path string
	Err  error
}

func (e *StorageError) Error() string { return fmt.Sprintf("queue: %s: %v", e.Path, e.Err) }
func (e *StorageError) Unwrap() error { return e.Err }

// A LowError says that the file system has less room than Options.KeepFree. It is an ENOSPC.
type LowError struct {
	Dir  string
	Keep int64 // bytes
}

func (e *LowError) Error() string {
	if e.Keep >= 1<<20 {
		return fmt.Sprintf("less than %d MiB free on %s", e.Keep>>20, e.Dir)
	}
	return fmt.Sprintf("less than %d bytes free on %s", e.Keep, e.Dir)
}
func (e *LowError) Unwrap() error { return unix.ENOSPC }

// The values of Options.Sync.
const (
	Group  = "group"  // on the disk within 5 s
	Always = "always" // on the disk, or acknowledged, before Put returns
)

// Options describe the queue. Zero values mean the defaults named.
type Options struct {
	Dir      string        // of the files queue.*; it must exist
	MaxBytes int64         // of topics and payloads; 16 MiB
	MaxAge   time.Duration // older records are dropped; 0: none are
	Sync     string        // Group or Always; Group
	KeepFree int64         // bytes of the file system to leave free: below it the log does not grow; 0: none

	OnGap func(dropped, from, to uint64) // once for each gap that Next returns, with its range of seq; nil: none
	Now   func() Stamp                   // the time of a record; default: the wall clock, taken as set
	Log   *slog.Logger                   // nil: silent

	tap     statedir.Tap                    // of tests
	free    func(dir string) (int64, error) // bytes free for us
	segment int                             // bytes of a segment
	low     func(n int) error               // set by complete
}

// Queue is safe for concurrent use. See the package for what it promises.
//
// Its records are, in the order of seq: out, the unread ones on the disk, mem.
type Queue struct {
	o Options

	io  sync.Mutex // held while the disk is written; taken before mu
	log *segments  // nil: not open. Changes under both locks

	mu       sync.Mutex
	closed   bool
	online   bool
	stream   string
	next     uint64   // seq of the next record
	cursor   uint64   // records below were given once by Next, or are settled
	out      ring     // given once, not settled, and gone from mem
	unread   int      // records of the log that are not in memory, or in ahead
	ahead    []record // loaded from the log: the first of the unread
	diskLast uint64   // the last seq of out and the unread
	mem      ring     // what came later
	memBytes int64    // what those of mem cost that are on no disk
	bytes    int64    // of topics and payloads
	dropped  uint64
	gaps     gaps
	owned    bool
	owner    string

	logStream string    // the stream that the log names; empty: it was never written
	reserved  uint64    // the log has this as Next
	dirty     time.Time // since when something is worth a frame soon; zero: nothing is
	changes   uint64    // counts up with dirty
	trouble   error     // of the disk
	reopen    bool      // the log has to be read again
	urgent    bool      // a frame is due at once
	full      bool      // give up the oldest segment to make room
	retry     time.Time // not before, with trouble
	backoff   time.Duration
	armed     time.Time // when the writer will look by itself
	broken    string
	ready     chan struct{} // closed when Next may have something; nil: no call waits
	settled   chan struct{} // closed when the writer has done something; nil: no call waits

	kick    chan struct{}
	quit    chan struct{}
	stopped chan struct{}
}

// Open opens the queue in o.Dir, or begins one. Trouble with the disk is no error: the queue works
// in memory and tries again; see Storage. Errors are those of the Options.
func Open(o Options) (*Queue, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	q := &Queue{o: o, kick: make(chan struct{}, 1), quit: make(chan struct{}), stopped: make(chan struct{})}
	q.begin()
	q.io.Lock()
	_ = q.write(false) // kept as q.trouble
	q.io.Unlock()
	go q.run()
	return q, nil
}

func (o *Options) complete() error {
	switch o.Sync {
	case "":
		o.Sync = Group
	case Group, Always:
	default:
		return fmt.Errorf("queue.sync is %q: use %q or %q", o.Sync, Group, Always)
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = 16 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		start, boot := time.Now(), rand.Text()
		o.Now = func() Stamp { return Stamp{Wall: time.Now(), Boot: boot, Mono: time.Since(start)} }
	}
	if o.OnGap == nil {
		o.OnGap = func(_, _, _ uint64) {}
	}
	if o.free == nil {
		o.free = free
	}
	if o.segment == 0 {
		o.segment = segmentSize
	}
	o.low = low(o.Dir, o.KeepFree, o.free)
	return nil
}

func free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// low returns the function that refuses to take n bytes of a file system with less than keep bytes besides.
func low(dir string, keep int64, free func(string) (int64, error)) func(n int) error {
	return func(n int) error {
		if left, err := free(dir); keep > 0 && err == nil && left-int64(n) < keep {
			return &LowError{Dir: dir, Keep: keep}
		}
		return nil
	}
}

// begin makes q an empty queue with a stream of its own, in memory.
func (q *Queue) begin() {
	q.stream, q.logStream = rand.Text(), ""
	q.next, q.cursor, q.reserved = 1, 1, math.MaxUint64
	q.out, q.ahead, q.mem, q.gaps = nil, nil, nil, nil
	q.unread, q.diskLast, q.memBytes, q.bytes, q.dropped = 0, 0, 0, 0, 0
	q.owned, q.owner, q.dirty = false, "", time.Time{}
	q.reopen, q.urgent, q.full, q.trouble, q.broken = false, false, false, nil, ""
}

// path names the log in errors.
func (q *Queue) path() string { return filepath.Join(q.o.Dir, "queue.*") }

// Stats is the queue in numbers.
type Stats struct {
	Messages int    // not acknowledged
	Bytes    int64  // of their topics and payloads
	Dropped  uint64 // records that were never delivered, since the log began
}

// Stats counts records in flight too, and gaps not at all.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Stats{Messages: q.messages(), Bytes: q.bytes, Dropped: q.dropped}
}

func (q *Queue) messages() int { return len(q.out) + q.unread + len(q.mem) }

// Stream names the numbering of seq.
func (q *Queue) Stream() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stream
}

// Storage returns the present trouble with the disk, a *StorageError, or nil.
func (q *Queue) Storage() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.trouble
}

// Quarantined returns, once, the path of a damaged file that was set aside; empty if there was none.
func (q *Queue) Quarantined() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	path := q.broken
	q.broken = ""
	return path
}
