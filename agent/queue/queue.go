package queue

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

const logName = "queue" // its files are queue.00000001 and so on

// MaxPayload is the largest payload that Put takes, in bytes.
const MaxPayload = 64 << 10

// Errors of Put and Next besides *StorageError.
var (
	ErrTooLarge = errors.New("the message is too large for the queue: at most 64 KiB, a topic of 1 KiB, and queue.max_bytes")
	ErrClosed   = errors.New("the queue is closed")
)

// A StorageError says that the disk did not take or give what it should.
type StorageError = seglog.StorageError

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

	Probe func(ctx context.Context, path string) error // of a queue.db of former versions, see boltfile.Options; nil: none
	OnGap func(dropped, from, to uint64)               // once for each gap that Next returns, with its range of seq; nil: none
	Now   func() Stamp                                 // the time of a record; default: the wall clock, taken as set
	Log   *slog.Logger                                 // nil: silent

	Tap     statedir.Tap                    // for tests: called with each operation on the disk, which it may refuse
	free    func(dir string) (int64, error) // see seglog.Options
	segment int                             // see seglog.Options
}

// Queue is safe for concurrent use. See the package for what it promises.
type Queue struct {
	o Options

	io  sync.Mutex  // held while the disk is written; taken before mu
	log *seglog.Log // nil: not open. Changes under both locks

	mu sync.Mutex
	ledger
	closed bool
	online bool

	disk
	looked  time.Time     // when the writer did last
	changed chan struct{} // closed by wake; nil: no call waits

	timer   *time.Timer // of the writer
	quit    chan struct{}
	stopped chan struct{}
}

// disk is what the log knows, and how the disk does.
type disk struct {
	begun    bool      // the log was written, or read
	reserved uint64    // the log has this as Next
	logged   uint64    // ledger.changes that the log knows of
	dirty    time.Time // since when there are others; zero: there are none
	trouble  trouble
	reopen   bool   // the log has to be read again
	urgent   bool   // a frame is due at once
	full     bool   // give up the oldest segment to make room
	broken   string // path of a damaged file, for Quarantined
}

// Open opens the queue in o.Dir, or begins one. Trouble with the disk is no error: the queue works
// in memory and tries again; see Storage. Errors are those of the Options.
func Open(o Options) (*Queue, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	q := &Queue{o: o, timer: time.NewTimer(ageWait), quit: make(chan struct{}), stopped: make(chan struct{})}
	q.ledger = ledger{maxBytes: o.MaxBytes, maxAge: o.MaxAge, load: q.loadLog, warn: func(g gap) {
		o.Log.Warn("records dropped from the queue", "from_seq", g.From, "dropped", g.N)
	}}
	q.clear()
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
	return nil
}

// log is the log in dir.
func (o Options) log(dir *statedir.Dir) *seglog.Log {
	return seglog.New(dir, seglog.Options{Name: logName, Size: o.segment, KeepFree: o.KeepFree, Free: o.free})
}

// clear makes q an empty queue in memory.
func (q *Queue) clear() {
	q.begin()
	q.disk = disk{reserved: math.MaxUint64, logged: q.changes}
}

// loadLog returns the next unread records of the log. It is the ledger's load.
func (q *Queue) loadLog(from, to uint64) []seglog.Record {
	if q.log == nil || q.reopen {
		return nil
	}
	found, err := q.log.Load(from, to)
	if err != nil {
		q.reopen = true
		_ = q.fault(err) // kept as q.trouble
	}
	return found
}

// path names the log in errors.
func (q *Queue) path() string { return filepath.Join(q.o.Dir, logName+".*") }

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
	return q.trouble.err
}

// Quarantined returns, once, the path of a damaged file that was set aside; empty if there was none.
func (q *Queue) Quarantined() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	path := q.broken
	q.broken = ""
	return path
}
