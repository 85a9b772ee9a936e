package queue

import (
	"cmp"
	"slices"
	"time"
)

// An entry is a record in memory. Its record does not change; the rest is under Queue.mu.
type entry struct {
	record
	put     time.Time
	saved   bool       // on the disk
	seg     *segment   // that has it, while it is in mem
	given   bool       // by Next since the last Rewind
	seen    bool       // given at least once
	writing bool       // to the disk, just now
	gone    bool       // settled, perhaps while it was written
	tried   bool       // the disk has refused it once
	wait    chan error // the call of Put that waits for it; nil: none
}

const entryCost = 128 // bytes of memory beside topic and payload

func (e *entry) cost() int64 { return int64(e.size()) + entryCost }

// answer ends the Put that waits, if there is one.
func (e *entry) answer(err error) {
	if e.wait != nil {
		e.wait <- err
		e.wait = nil
	}
}

// A ring holds entries in the order of seq.
type ring []*entry

// from is the index of the first entry with that seq or a later one.
func (r ring) from(seq uint64) int {
	i, _ := slices.BinarySearchFunc(r, seq, func(e *entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
	return i
}

// find returns the entry with that seq, or nil.
func (r ring) find(seq uint64) *entry {
	if i := r.from(seq); i < len(r) && r[i].seq == seq {
		return r[i]
	}
	return nil
}

// take removes an entry. It moves those before it, which are few: the window of a session.
func (r *ring) take(e *entry) bool {
	i := r.from(e.seq)
	if i == len(*r) || (*r)[i] != e {
		return false
	}
	copy((*r)[1:i+1], (*r)[:i])
	(*r)[0] = nil
	*r = (*r)[1:]
	return true
}

// waiting returns the first entry that is not in flight, or nil.
func (r ring) waiting() *entry {
	for _, e := range r {
		if !e.given {
			return e
		}
	}
	return nil
}

// unsaved are the entries that are on no disk. The others come first: those of the log's open frame.
func (r ring) unsaved() ring {
	for i, e := range r {
		if !e.saved {
			return r[i:]
		}
	}
	return nil
}

// upTo returns entries that encode to that many bytes at most, or one, and marks them as being written. The
// ring may change meanwhile.
func (r ring) upTo(room int) (group []*entry) {
	for _, e := range r {
		if room -= itemHeader + e.size(); room < 0 && len(group) > 0 {
			break
		}
		e.writing = true
		group = append(group, e)
	}
	return group
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

// flying reports whether an entry is in flight.
func (r ring) flying() bool { return slices.ContainsFunc(r, func(e *entry) bool { return e.given }) }

func (r ring) rewind() {
	for _, e := range r {
		e.given = false
	}
}

// between reports whether an entry has a seq between the two.
func (r ring) between(after, before uint64) bool {
	i := r.from(after + 1)
	return i < len(r) && r[i].seq < before
}
