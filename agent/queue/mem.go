package queue

import (
	"cmp"
	"slices"
	"time"
)

// An entry is a record in memory. Its record does not change; the rest is under Queue.mu.
type entry struct {
	record
	put   time.Time
	safe  bool       // in the journal. The safe ones come first
	tried bool       // the disk has refused it once
	done  bool       // acknowledged, dropped or refused: to be trimmed
	wait  chan error // the call of Put that waits for it; nil: none
}

// An outstanding record is on the disk and in flight.
type outstanding struct {
	seq  uint64
	size int
}

const entryCost = 128 // bytes of memory beside topic and payload

func (e *entry) cost() int64 { return int64(e.size()) + entryCost }

// answer tells the Put that waits, if there is one.
func (e *entry) answer(err error) {
	if e.wait != nil {
		e.wait <- err
		e.wait = nil
	}
}

// memFrom is the index in mem of the first entry with that seq or a later one.
func (q *Queue) memFrom(seq uint64) int {
	i, _ := slices.BinarySearchFunc(q.mem, seq, func(e *entry, seq uint64) int { return cmp.Compare(e.seq, seq) })
	return i
}

// unsafe are the entries that are on no disk; some may be done.
func (q *Queue) unsafe() []*entry {
	i, _ := slices.BinarySearchFunc(q.mem, true, func(e *entry, _ bool) int {
		if e.safe {
			return -1
		}
		return 1
	})
	return q.mem[i:]
}

// trim lets go of entries that are done, as far as they are at the front.
func (q *Queue) trim() {
	n := 0
	for n < len(q.mem) && q.mem[n].done {
		q.mem[n] = nil
		n++
	}
	if q.mem = q.mem[n:]; len(q.mem) == 0 {
		q.mem = nil
	}
}

// inFlight says whether Next gave the record since the last Rewind and nobody has settled it.
func (q *Queue) inFlight(seq uint64) bool {
	if seq <= q.diskLast {
		return q.outIndex(seq) >= 0
	}
	i := q.memFrom(seq)
	return seq < q.cursor && i < len(q.mem) && q.mem[i].seq == seq && !q.mem[i].done
}

func (q *Queue) outIndex(seq uint64) int {
	i, ok := slices.BinarySearchFunc(q.out, seq, func(o outstanding, seq uint64) int { return cmp.Compare(o.seq, seq) })
	if !ok {
		return -1
	}
	return i
}

// remove takes a record out of the queue, wherever it is. stored says that the disk still has it.
func (q *Queue) remove(seq uint64) (stored, ok bool) {
	var size int
	if seq > q.diskLast {
		size, stored, ok = q.removeMem(seq)
	} else {
		size, ok = q.removeStored(seq)
		stored = true
	}
	if ok {
		q.messages--
		q.bytes -= int64(size)
	}
	return stored, ok
}

func (q *Queue) removeMem(seq uint64) (size int, safe, ok bool) {
	i := q.memFrom(seq)
	if i == len(q.mem) || q.mem[i].seq != seq || q.mem[i].done {
		return 0, false, false
	}
	e := q.mem[i]
	e.done = true
	e.answer(nil)
	q.memBytes -= e.cost()
	q.trim()
	return e.size(), e.safe, true
}

// removeStored takes away a record of the database: it is dead until the next transaction.
func (q *Queue) removeStored(seq uint64) (size int, ok bool) {
	if i := q.outIndex(seq); i >= 0 {
		size = q.out[i].size
		q.out = slices.Delete(q.out, i, i+1)
		q.dead[seq] = struct{}{}
		return size, true
	}
	f, ok := q.find(seq)
	if ok {
		q.dead[seq] = struct{}{}
		q.ahead = slices.DeleteFunc(q.ahead, func(f found) bool { return f.seq == seq })
	}
	return f.size, ok
}

// find finds a record of the database that is not in flight.
func (q *Queue) find(seq uint64) (found, bool) {
	if len(q.ahead) > 0 && q.ahead[0].seq == seq {
		return q.ahead[0], true
	}
	if _, dead := q.dead[seq]; dead || seq < max(q.cursor, q.floor) || q.disk == nil || q.suspect {
		return found{}, false
	}
	fs, err := q.disk.load(seq)
	if err != nil {
		q.fault(err)
		return found{}, false
	}
	if len(fs) == 0 || fs[0].seq != seq {
		return found{}, false
	}
	return fs[0], true
}

// live says whether a record is left between the two.
func (q *Queue) live(after, before uint64) bool {
	for _, o := range q.out {
		if after < o.seq && o.seq < before {
			return true
		}
	}
	// Of those on the disk and not given yet it is not known which numbers are in use.
	if first := max(q.cursor, q.floor); first <= q.diskLast && first < before && after < q.diskLast {
		return true
	}
	for _, e := range q.mem[q.memFrom(after+1):] {
		if e.seq >= before {
			return false
		}
		if !e.done {
			return true
		}
	}
	return false
}
