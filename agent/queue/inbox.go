package queue

import (
	"cmp"
	"context"
	"encoding/json"
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

	Tap     statedir.Tap // for tests: hears of each operation on the disk and may refuse it
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

// inboxState is what each frame says beside its messages. Of all frames the newest counts.
type inboxState struct {
	Schema int    `json:"schema"`
	Next   uint64 `json:"next"` // no seq from here on was given away
	Low    uint64 `json:"low"`  // all messages below are settled
	Owned  bool   `json:"owned"`
	Owner  string `json:"owner,omitempty"`
}

func (s inboxState) encode() []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no field can fail
	}
	return text
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

// Bind says whose inbox it is from now on: what came for another account is dropped. The empty account is
// one that is not known, and so another than any before. After an error it holds from the next write on.
func (b *Inbox) Bind(account string) error {
	b.io.Lock()
	defer b.io.Unlock()
	trouble := b.open()
	if errors.Is(trouble, ErrClosed) {
		return trouble
	}
	b.mu.Lock()
	same := b.state.Owned && account != "" && account == b.state.Owner
	if b.state.Owned && !same {
		b.purge()
	}
	b.state.Owned, b.state.Owner, b.bound = true, account, true
	b.mu.Unlock()
	if same || trouble != nil {
		return trouble
	}
	if err := b.write(); err != nil {
		return err
	}
	b.tidy()
	return nil
}

func (b *Inbox) purge() {
	if n := len(b.list); n > 0 {
		b.o.Log.Warn("messages for another account are dropped from the inbox", "messages", n)
	}
	for len(b.list) > 0 {
		b.remove(b.list[0])
	}
}

// write puts messages, or an acknowledgement, and the state on the disk. The caller holds io.
func (b *Inbox) write(group ...*entry) error {
	b.mu.Lock()
	b.state.Low = b.state.Next
	if len(b.list) > 0 {
		b.state.Low = b.list[0].seq
	}
	for _, e := range group {
		b.state.Low = min(b.state.Low, e.seq)
	}
	state := b.state.encode()
	b.mu.Unlock()
	return b.fault(b.log.append(state, group))
}

func (b *Inbox) fault(err error) error {
	if err == nil {
		return nil
	}
	return &StorageError{Path: b.o.Dir + "/inbox.*", Err: err}
}

// tidy removes segments in which nothing is left. Where old messages keep too many of them they are written again
// behind the others.
func (b *Inbox) tidy() {
	for {
		err := b.log.release(func(s *segment) bool { return s.unread == 0 })
		all := b.log.all()
		if err == nil && len(all) <= int(2*b.o.MaxBytes)/b.o.segment+2 {
			return
		}
		if err == nil {
			err = b.carry(all[0])
		}
		if err != nil {
			b.o.Log.Warn("a segment of the inbox stays longer than it need", "err", err)
			return
		}
	}
}

// carry writes the messages of a segment again.
func (b *Inbox) carry(s *segment) error {
	b.mu.Lock()
	moved := slices.DeleteFunc(slices.Clone(b.list), func(e *entry) bool { return e.seg != s })
	b.mu.Unlock()
	if err := b.write(moved...); err != nil {
		return err
	}
	for _, e := range moved {
		e.seg = b.log.tail.segment
		e.seg.unread++
		s.unread--
	}
	return nil
}

// open opens the log unless it is open. The caller holds io.
func (b *Inbox) open() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	if b.log != nil {
		return nil
	}
	dir, err := statedir.Open(b.o.Dir, b.o.Tap)
	if err != nil {
		return b.fault(err)
	}
	l := &segments{dir: dir, name: "inbox", size: b.o.segment, low: b.low}
	if err := b.load(l); err != nil {
		return b.fault(errors.Join(err, l.close()))
	}
	return nil
}

// load takes the messages that are in the log.
func (b *Inbox) load(l *segments) error {
	last, err := openSegments(l)
	if err != nil {
		return err
	}
	s := inboxState{Schema: schema, Next: 1}
	if last.commit > 0 && json.Unmarshal(last.state, &s) != nil || s.Schema > schema {
		return errSchema
	}
	found := map[uint64]*entry{}
	if err := l.scan(func(in *segment, r record) {
		s.Next = max(s.Next, r.seq+1)
		if delete(found, r.seq); r.topic != "" && r.seq >= s.Low {
			r.payload = slices.Clone(r.payload)
			found[r.seq] = &entry{record: r, seg: in}
		}
	}); err != nil {
		return err
	}
	if err := l.resume(); err != nil {
		b.o.Log.Warn("the inbox goes on in a new segment", "err", err)
	}
	if l.broken != "" {
		b.o.Log.Error("the inbox has lost messages: a part of it is damaged and was set aside", "path", l.broken)
	}
	b.adopt(l, s, found)
	return nil
}

func (b *Inbox) adopt(l *segments, s inboxState, found map[uint64]*entry) {
	for _, e := range found {
		b.add(e, e.seg)
	}
	slices.SortFunc(b.list, func(a, b *entry) int { return cmp.Compare(a.seq, b.seq) })
	bound, owner := b.bound, b.state.Owner
	b.log, b.state = l, s
	if bound {
		if s.Owned && (owner == "" || owner != s.Owner) {
			b.purge()
		}
		b.state.Owned, b.state.Owner = true, owner
	}
}

// Erase drops everything, and overwrites and removes the files.
func (b *Inbox) Erase() error {
	b.io.Lock()
	defer b.io.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	var err error
	if b.log != nil {
		err = b.log.close()
	}
	b.log, b.list, b.bytes, b.bound = nil, nil, 0, false
	b.state = inboxState{Schema: schema, Next: b.state.Next}
	return errors.Join(err, eraseFiles(b.o.Dir, b.o.Tap, "inbox"))
}

// Close ends the inbox.
func (b *Inbox) Close() error {
	b.io.Lock()
	defer b.io.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	close(b.ready)
	b.ready = make(chan struct{})
	if b.log == nil {
		return nil
	}
	return b.log.close()
}
