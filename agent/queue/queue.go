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

	"github.com/paird/paird/agent/internal/boltfile"
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

// The values of Options.Sync.
const (
	Group  = "group"  // on the disk within 5 s
	Always = "always" // on the disk, or acknowledged, before Put returns
)

// Options describe the queue. Zero values mean the defaults named.
type Options struct {
	Dir      string        // of queue.db and queue.log; it must exist
	MaxBytes int64         // of topics and payloads; 16 MiB
	MaxAge   time.Duration // older records are dropped; 0: none are
	Sync     string        // Group or Always; Group
	MinFree  int64         // bytes of the file system to leave free: below it the files do not grow; 0: none

	Probe func(ctx context.Context, path string) error // see boltfile.Options
	Now   func() Stamp                                 // the time of a record; default: the wall clock, taken as set
	Log   *slog.Logger                                 // nil: silent

	free    func(dir string) (int64, error) // bytes free for us
	files   boltfile.Options                // what tests tap
	journal int                             // bytes of queue.log
	slack   int64                           // bytes of queue.db that may be empty
}

// Queue is safe for concurrent use. See the package for what it promises.
type Queue struct {
	o    Options
	path string // of the database

	io   sync.Mutex // held while the disk is written; taken before mu
	disk *disk      // nil: not open. Changes under both locks

	mu       sync.Mutex
	closed   bool
	online   bool
	stream   string
	next     uint64              // seq of the next record
	cursor   uint64              // seq that Next is to look at; lower ones are in flight or gone
	ahead    []found             // read from the disk, from cursor on
	out      []outstanding       // from the disk and in flight, ascending
	dead     map[uint64]struct{} // on the disk and gone for us
	floor    uint64              // all that is on the disk below is gone for us
	diskLast uint64              // the last seq on the disk
	mem      []*entry            // all after diskLast, ascending
	memBytes int64
	messages int
	bytes    int64
	dropped  uint64
	gaps     gaps
	owned    bool
	owner    string

	fileStream  string    // stream of the file that the books are about; empty: they are about none
	lap         uint64    // of the journal
	reserved    uint64    // the state on the disk has this as Next
	dirty       time.Time // since when something is worth a transaction soon; zero: nothing is
	changes     uint64    // counts up with dirty
	trouble     error     // of the disk
	suspect     bool      // the database has to be opened anew
	urgent      bool      // a transaction is due at once
	squeeze     bool      // give up old records on the disk to make room in the file
	stiff       bool      // that did not help
	retry       time.Time // not before, with trouble
	backoff     time.Duration
	armed       time.Time // when the writer will look by itself
	quarantined string
	ready       chan struct{} // closed when Next may have something; nil: nobody waits
	settled     chan struct{} // closed when the writer has done something; nil: nobody waits

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
	q := &Queue{
		o:       o,
		path:    filepath.Join(o.Dir, "queue.db"),
		kick:    make(chan struct{}, 1),
		quit:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
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
	if o.journal == 0 {
		o.journal = journalSize
	}
	if o.slack == 0 {
		o.slack = 1 << 20
	}
	if o.free == nil {
		o.free = free
	}
	return nil
}

func free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// begin makes q an empty queue with a stream of its own, in memory.
func (q *Queue) begin() {
	q.stream, q.next, q.cursor, q.reserved = rand.Text(), 1, 1, math.MaxUint64
	q.ahead, q.out, q.mem, q.gaps = nil, nil, nil, nil
	q.dead, q.floor, q.diskLast = map[uint64]struct{}{}, 0, 0
	q.memBytes, q.messages, q.bytes, q.dropped, q.lap = 0, 0, 0, 0, 0
	q.owned, q.owner, q.fileStream, q.dirty = false, "", "", time.Time{}
}

// Stats is the queue in numbers.
type Stats struct {
	Messages int    // not acknowledged
	Bytes    int64  // of their topics and payloads
	Dropped  uint64 // records that were never delivered, since the file began
}

// Stats counts records in flight too, and gaps not at all.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Stats{Messages: q.messages, Bytes: q.bytes, Dropped: q.dropped}
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
	return q.trouble
}

// Quarantined returns, once, the path of a damaged file that was set aside, or cut back to what was sound
// in it; empty if there was none.
func (q *Queue) Quarantined() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	path := q.quarantined
	q.quarantined = ""
	return path
}
