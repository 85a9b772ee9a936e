package queue

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

	"github.com/paird/paird/agent/internal/statedir"
)

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
