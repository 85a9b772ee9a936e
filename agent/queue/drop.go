package queue

import (
	"math"
	"slices"
)

// dropFirst drops what first has returned.
func (l *ledger) dropFirst(e *entry) {
	l.cursor = max(l.cursor, e.Seq+1)
	l.drop(e)
}

func (l *ledger) drop(e *entry) {
	l.settle(e)
	l.loseOne(e.Seq)
}

// dropTo drops the records up to seq last that are not in flight.
func (l *ledger) dropTo(last uint64) {
	for e := l.first(); e != nil && e.Seq <= last; e = l.first() {
		l.dropFirst(e)
	}
}

// loseOne counts a dropped record and reports it by a gap.
func (l *ledger) loseOne(seq uint64) { l.lose(gap{From: seq, To: seq, N: 1}) }

// lose counts a run of lost records.
func (l *ledger) lose(g gap) {
	if g.N == 0 {
		return
	}
	l.changes++
	l.dropped += g.N
	if l.gaps.add(g, l.live) {
		l.warn(g)
	}
}

// loseIn counts n records as lost, in the holes of the numbering in which they were.
func (l *ledger) loseIn(holes []gap, n uint64) {
	for _, h := range holes {
		size, known := h.To-h.From+1, l.gaps.within(h.From, h.To)
		if known >= size {
			continue
		}
		h.N = min(n, size-known)
		n -= h.N
		l.lose(h)
	}
	l.dropped += n // there is no number left for these
}

// live reports whether a record is left between the two.
func (l *ledger) live(after, before uint64) bool {
	// Of those on the disk and not given yet it is not known which numbers are in use.
	unread := l.unread > 0 && l.cursor < before && after < l.stowed
	return unread || l.list.between(after, before)
}

// limit drops the oldest records until the queue keeps its bounds.
func (l *ledger) limit() {
	for l.bytes > l.maxBytes && l.dropOldest() {
	}
	for l.memBytes > memMax && l.dropUnsaved() {
	}
}

// dropOldest prefers records that are not in flight.
func (l *ledger) dropOldest() bool {
	if e := l.first(); e != nil {
		l.dropFirst(e)
		return true
	}
	return l.dropUnsaved() || l.dropIn(0, l.durable)
}

// dropUnsaved is for when the disk takes nothing. What is being written stays: it may be in the log.
func (l *ledger) dropUnsaved() bool {
	free := max(l.durable, l.writing) + 1
	return l.dropIn(max(free, l.at), math.MaxUint64) || l.dropIn(free, math.MaxUint64)
}

// dropIn drops the first record in memory from one seq to another.
func (l *ledger) dropIn(from, to uint64) bool {
	i := l.list.from(from)
	if i == len(l.list) || l.list[i].Seq > to {
		return false
	}
	l.drop(l.list[i])
	return true
}

// purge drops all records before seq, and returns how many those were.
func (l *ledger) purge(seq uint64) int {
	n, first := l.messages(), l.cursor
	if len(l.list) > 0 {
		first = min(first, l.list[0].Seq)
	}
	end := l.list.from(seq)
	for _, e := range l.list[:end] {
		e.gone = true
		e.answer(nil)
	}
	l.list, l.unread = slices.Delete(l.list, 0, end), 0
	l.count(0)
	l.cursor = max(l.cursor, seq)
	n -= l.messages()
	l.lose(gap{From: first, To: seq - 1, N: uint64(n)})
	return n
}
