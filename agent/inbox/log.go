package inbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"

	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

const schema = 1

var errSchema = errors.New("written by a newer version of this program: it is left alone, update to use it")

// state is what each frame says beside its messages. Of all frames the newest counts.
type state struct {
	Schema int    `json:"schema"`
	Next   uint64 `json:"next"` // no seq from here on was given away
	Low    uint64 `json:"low"`  // all messages below are settled
	Owned  bool   `json:"owned"`
	Owner  string `json:"owner,omitempty"`
}

func (s state) encode() []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no field can fail
	}
	return text
}

// write puts messages, or an acknowledgement, and the state on the disk. The caller holds io.
func (b *Inbox) write(group ...seglog.Record) (in *seglog.Segment, err error) {
	b.mu.Lock()
	b.state.Low = b.state.Next
	if len(b.list) > 0 {
		b.state.Low = b.list[0].Seq
	}
	for _, r := range group {
		b.state.Low = min(b.state.Low, r.Seq)
	}
	text := b.state.encode()
	b.mu.Unlock()
	in, _, err = b.log.Append(text, group)
	return in, b.fault(err)
}

func (b *Inbox) fault(err error) error {
	if err == nil {
		return nil
	}
	return &StorageError{Path: filepath.Join(b.o.Dir, logName+".*"), Err: err}
}

// tidy removes segments in which nothing is left. Where old messages keep too many of them they are written again
// behind the others.
func (b *Inbox) tidy() {
	for {
		err := b.log.Release(func(s *seglog.Segment) bool { return s.Unread == 0 })
		all := b.log.Segments()
		if err == nil && len(all) <= int(2*b.o.MaxBytes)/b.log.Size()+2 {
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
func (b *Inbox) carry(s *seglog.Segment) error {
	var moved []*message
	var group []seglog.Record
	for _, m := range b.list {
		if m.in == s {
			moved, group = append(moved, m), append(group, m.Record)
		}
	}
	in, err := b.write(group...)
	if err != nil {
		return err
	}
	for _, m := range moved {
		m.in = in
	}
	in.Unread += len(moved)
	s.Unread -= len(moved)
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
	l := seglog.New(dir, seglog.Options{Name: logName, Size: b.o.segment, KeepFree: b.o.KeepFree})
	if err := b.load(l); err != nil {
		return b.fault(errors.Join(err, l.Close()))
	}
	return nil
}

// load takes the messages that are in the log.
func (b *Inbox) load(l *seglog.Log) error {
	last, err := l.Open()
	if err != nil {
		return err
	}
	s := state{Schema: schema, Next: 1}
	if last != nil && json.Unmarshal(last, &s) != nil || s.Schema > schema {
		return errSchema
	}
	found := map[uint64]*message{}
	if err := l.Scan(func(in *seglog.Segment, r seglog.Record) {
		s.Next = max(s.Next, r.Seq+1)
		if delete(found, r.Seq); r.Topic != "" && r.Seq >= s.Low {
			r.Payload = slices.Clone(r.Payload)
			found[r.Seq] = &message{Record: r, in: in}
		}
	}); err != nil {
		return err
	}
	if err := l.Resume(); err != nil {
		b.o.Log.Warn("the inbox goes on in a new segment", "err", err)
	}
	if path, _ := l.Broken(); path != "" {
		b.o.Log.Error("the inbox has lost messages: a part of it is damaged and was set aside", "path", path)
	}
	b.adopt(l, s, found)
	return nil
}

func (b *Inbox) adopt(l *seglog.Log, s state, found map[uint64]*message) {
	for _, m := range found {
		b.add(m)
	}
	slices.SortFunc(b.list, func(a, b *message) int { return cmp.Compare(a.Seq, b.Seq) })
	bound, owner := b.bound, b.state.Owner
	b.log, b.state = l, s
	if bound {
		if s.Owned && (owner == "" || owner != s.Owner) {
			b.purge()
		}
		b.state.Owned, b.state.Owner = true, owner
	}
}
