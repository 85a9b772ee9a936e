package queue

import (
	"cmp"
	"slices"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
)

// An entry is a record in memory. Its record does not change; the rest is under Queue.mu.
type entry struct {
	seglog.Record
	put   time.Time
	seg   *seglog.Segment // that has it, if one has
	gone  bool            // settled, perhaps while it was written
	tried bool            // the disk has refused it once
	wait  chan error      // the call of Put that waits for it; nil: none
}

const entryCost = 128 // bytes of memory beside topic and payload

func (e *entry) cost() int64 { return int64(e.Size()) + entryCost }

// answer ends the Put that waits, if there is one.
func (e *entry) answer(err error) {
	if e.wait != nil {
		e.wait <- err
		e.wait = nil
	}
}

// A ring holds entries in the order of seq.
type ring []*entry

// entries are records from the log.
func entries(records []seglog.Record) (r ring) {
	for _, one := range records {
		r = append(r, &entry{Record: one})
	}
	return r
}

func (r ring) records() (all []seglog.Record) {
	for _, e := range r {
		all = append(all, e.Record)
	}
	return all
}

// from is the index of the first entry with that seq or a later one.
func (r ring) from(seq uint64) int {
	i, _ := slices.BinarySearchFunc(r, seq, func(e *entry, seq uint64) int { return cmp.Compare(e.Seq, seq) })
	return i
}

// find returns the entry with that seq, or nil.
func (r ring) find(seq uint64) *entry {
	if i := r.from(seq); i < len(r) && r[i].Seq == seq {
		return r[i]
	}
	return nil
}

// take removes an entry. It moves those before it, which are few: the window of a session.
func (r *ring) take(e *entry) {
	i := r.from(e.Seq)
	copy((*r)[1:i+1], (*r)[:i])
	(*r)[0] = nil
	*r = (*r)[1:]
}

// upTo are the first entries that encode to that many bytes at most, or one.
func (r ring) upTo(room int) ring {
	for i, e := range r {
		if room -= e.Encoded(); room < 0 && i > 0 {
			return r[:i]
		}
	}
	return r
}

// untried returns the first entry that the disk has not refused yet, or nil.
func (r ring) untried() *entry {
	for _, e := range r {
		if !e.tried {
			return e
		}
	}
	return nil
}

// between reports whether an entry has a seq between the two.
func (r ring) between(after, before uint64) bool {
	i := r.from(after + 1)
	return i < len(r) && r[i].Seq < before
}
