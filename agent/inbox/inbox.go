// Package inbox keeps messages for the product's own programs until they are acknowledged: on the disk before Put
// returns, at least once over restarts and power cuts, each as often as Next is asked for it. All of them are in
// memory too, and the log (package seglog) is read at start only. A small message costs the flash two blocks of 4 KiB
// and two flushes: one when it comes, one when it is acknowledged.
//
// In reading order: inbox.go (what a program calls), bind.go (whose it is, and its end), log.go (the disk).
package inbox

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

// MaxPayload is the largest payload that Put takes, in bytes.
const MaxPayload = 64 << 10

const (
	maxTopic    = 1 << 10         // bytes
	messageCost = 128             // bytes of memory beside topic and payload
	retry       = 2 * time.Second // after trouble with the disk
	logName     = "inbox"         // its files are inbox.00000001 and so on
)

// Errors of Put and Next besides *StorageError.
var (
	ErrFull     = errors.New("the inbox is full") // until a message is acknowledged
	ErrTooLarge = errors.New("the message is too large for the inbox: at most 64 KiB, and a topic of 1 KiB")
	ErrClosed   = errors.New("the inbox is closed")
)

// A StorageError says that the disk did not take or give what it should.
type StorageError = seglog.StorageError

// Options describe an inbox. Zero values mean the defaults named.
type Options struct {
	Dir      string       // of the files inbox.*; it must exist
	MaxBytes int64        // of topics and payloads, and 128 for each message; 4 MiB
	KeepFree int64        // bytes of the file system to leave free; 0: none
	Log      *slog.Logger // nil: silent

	Tap     statedir.Tap // for tests: called with each operation on the disk, which it may refuse
	segment int          // see seglog.Options
}

// An Inbox is safe for concurrent use.
type Inbox struct {
	o Options

	io  sync.Mutex  // held while the disk is written; taken before mu
	log *seglog.Log // nil: not open; under io

	mu     sync.Mutex
	closed bool
	list   []*message // not acknowledged, in the order of Seq
	bytes  int64
	state  state
	bound  bool          // Bind was called
	ready  chan struct{} // closed when list changes
}

// A message is in the log and in memory.
type message struct {
	seglog.Record
	in *seglog.Segment
}

func (m *message) cost() int64 { return int64(m.Size()) + messageCost }

// Open opens the inbox in o.Dir, or begins one. Trouble with the disk is no error: Put returns it, and
// each call tries again.
func Open(o Options) (*Inbox, error) {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 4 << 20
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Inbox{o: o, ready: make(chan struct{}), state: state{Schema: schema, Next: 1}}
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
	m := &message{Record: seglog.Record{Topic: topic, Payload: slices.Clone(payload)}}
	b.mu.Lock()
	full := b.bytes+m.cost() > b.o.MaxBytes
	if !full {
		m.Seq = b.state.Next
		b.state.Next++
	}
	b.mu.Unlock()
	if full {
		return 0, ErrFull
	}
	if m.in, err = b.write(m.Record); err != nil {
		return 0, err
	}
	b.mu.Lock()
	b.add(m)
	b.mu.Unlock()
	b.tidy()
	return m.Seq, nil
}

// add enters a message that is on the disk.
func (b *Inbox) add(m *message) {
	m.in.Unread++
	b.list = append(b.list, m)
	b.bytes += m.cost()
	close(b.ready)
	b.ready = make(chan struct{})
}

// from is the index of the first message with that seq or a later one.
func (b *Inbox) from(seq uint64) int {
	i, _ := slices.BinarySearchFunc(b.list, seq, func(m *message, seq uint64) int { return cmp.Compare(m.Seq, seq) })
	return i
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
		for _, m := range b.list[b.from(after+1):] {
			if match == nil || match(m.Topic) {
				b.mu.Unlock()
				return m.Seq, m.Topic, m.Payload, nil
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
		again = time.After(retry)
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
	i := b.from(seq)
	there := i < len(b.list) && b.list[i].Seq == seq
	b.mu.Unlock()
	if !there {
		return nil
	}
	if _, err := b.write(seglog.Record{Seq: seq}); err != nil { // without a topic: an acknowledgement
		return err
	}
	b.mu.Lock()
	b.remove(i) // only what holds io changes the list
	b.mu.Unlock()
	b.tidy()
	return nil
}

func (b *Inbox) remove(i int) {
	m := b.list[i]
	b.list = slices.Delete(b.list, i, i+1)
	b.bytes -= m.cost()
	m.in.Unread--
}
