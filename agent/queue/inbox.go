package queue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
)

// ErrFull: the inbox takes no message until one is acknowledged.
var ErrFull = errors.New("the inbox is full")

// InboxOptions describe an inbox. Zero values mean the defaults named.
type InboxOptions struct {
	Dir      string       // of the files inbox.*; it must exist
	MaxBytes int64        // of topics and payloads, and 128 for each message; 4 MiB
	KeepFree int64        // bytes of the file system to leave free; 0: none
	Log      *slog.Logger // nil: silent

	Tap     statedir.Tap // for tests: called with each operation on the disk, which it may refuse
	free    func(dir string) (int64, error)
	segment int
}

// An Inbox keeps messages for the product's own programs until they are acknowledged: on the disk before Put
// returns, at least once over restarts and power cuts, each as often as Next is asked for it. All of them are in
// memory too, and the log is read at start only. A small message costs the flash two blocks of 4 KiB and two
// flushes: one when it comes, one when it is acknowledged. It is safe for concurrent use.
type Inbox struct {
	o   InboxOptions
	low func(n int) error

	io  sync.Mutex // held while the disk is written; taken before mu
	log *segments  // nil: not open; under io

	mu     sync.Mutex
	closed bool
	list   ring // not acknowledged
	bytes  int64
	state  inboxState
	bound  bool          // Bind was called
	ready  chan struct{} // closed when list changes
}

// OpenInbox opens the inbox in o.Dir, or begins one. Trouble with the disk is no error: Put returns it, and
// each call tries again.
func OpenInbox(o InboxOptions) (*Inbox, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 4 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.free == nil {
		o.free = free
	}
	if o.segment == 0 {
		o.segment = segmentSize
	}
	b := &Inbox{o: o, low: low(o.Dir, o.KeepFree, o.free), ready: make(chan struct{}), state: inboxState{Schema: schema, Next: 1}}
	b.io.Lock()
	defer b.io.Unlock()
	if err := b.open(); err != nil {
		o.Log.Error("the inbox cannot use the disk", "err", err)
	}
	return b, nil
}

// Put returns once the message is on the disk, with its number; payload is copied. Errors are ErrFull,
// ErrTooLarge, ErrClosed and *StorageError: then it is to be sent again.
func (b *Inbox) Put(topic string, payload []byte) (seq uint64, err error) {
	if len(payload) > MaxPayload || len(topic) > maxTopic || topic == "" {
		return 0, ErrTooLarge
	}
	b.io.Lock()
	defer b.io.Unlock()
	if err := b.open(); err != nil {
		return 0, err
	}
	b.mu.Lock()
	e := &entry{record: record{seq: b.state.Next, topic: topic, payload: slices.Clone(payload)}}
	full := b.bytes+e.cost() > b.o.MaxBytes
	if !full {
		b.state.Next++
	}
	b.mu.Unlock()
	if full {
		return 0, ErrFull
	}
	if err := b.write(e); err != nil {
		return 0, err
	}
	b.mu.Lock()
	b.add(e, b.log.tail.segment)
	b.mu.Unlock()
	b.tidy()
	return e.seq, nil
}

// add enters a message that is on the disk.
func (b *Inbox) add(e *entry, s *segment) {
	e.seg = s
	s.unread++
	b.list = append(b.list, e)
	b.bytes += e.cost()
	close(b.ready)
	b.ready = make(chan struct{})
}

// Next returns the first message above seq after whose topic matches, once there is one; ctx's error if ctx ends
// first, or ErrClosed. match nil: all match. It is given again until it is acknowledged. The payload must not
// be changed.
func (b *Inbox) Next(ctx context.Context, after uint64, match func(topic string) bool) (seq uint64, topic string, payload []byte, err error) {
	for {
		b.io.Lock()
		trouble := b.open()
		b.io.Unlock()
		if errors.Is(trouble, ErrClosed) {
			return 0, "", nil, ErrClosed
		}
		b.mu.Lock()
		ready := b.ready
		for _, e := range b.list[b.list.from(after+1):] {
			if match == nil || match(e.topic) {
				b.mu.Unlock()
				return e.seq, e.topic, e.payload, nil
			}
		}
		b.mu.Unlock()
		if err := wait(ctx, ready, trouble != nil); err != nil {
			return 0, "", nil, err
		}
	}
}

// wait returns when ready is closed, or soon if the disk has to be tried again.
func wait(ctx context.Context, ready <-chan struct{}, soon bool) error {
	var again <-chan time.Time
	if soon {
		again = time.After(retryFirst)
	}
	select {
	case <-ready:
	case <-again:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// Ack ends a message, durably. It has no effect on one that is not there.
func (b *Inbox) Ack(seq uint64) error {
	b.io.Lock()
	defer b.io.Unlock()
	if err := b.open(); err != nil {
		return err
	}
	b.mu.Lock()
	e := b.list.find(seq)
	b.mu.Unlock()
	if e == nil {
		return nil
	}
	if err := b.write(&entry{record: record{seq: seq}}); err != nil { // without a topic: an acknowledgement
		return err
	}
	b.mu.Lock()
	b.remove(e)
	b.mu.Unlock()
	b.tidy()
	return nil
}

func (b *Inbox) remove(e *entry) {
	b.list.take(e)
	b.bytes -= e.cost()
	e.seg.unread--
}
