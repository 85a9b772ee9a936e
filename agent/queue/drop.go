package queue

// dropFirst drops what first has returned.
func (l *ledger) dropFirst(r record) {
	if e := l.find(r.seq); e != nil {
		l.settle(e)
	} else {
		l.ahead, l.unread = l.ahead[1:], l.unread-1
		l.bytes -= int64(r.size())
		l.changes++
	}
	l.cursor = max(l.cursor, r.seq+1)
	l.loseOne(r.seq)
}

// dropTo drops the records up to seq last that are not in flight.
func (l *ledger) dropTo(last uint64) {
	for r, ok := l.first(); ok && r.seq <= last; r, ok = l.first() {
		l.dropFirst(r)
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
	unread := l.unread > 0 && l.cursor < before && after < l.diskLast
	return unread || l.out.between(after, before) || l.mem.between(after, before)
}

// limit drops the oldest records until the queue keeps its bounds.
func (l *ledger) limit() {
	for l.bytes > l.maxBytes && l.dropOldest() {
	}
	for l.memBytes > memMax && l.dropOldestInMemory() {
	}
}

// dropOldest prefers records that are not in flight.
func (l *ledger) dropOldest() bool {
	if r, ok := l.first(); ok {
		l.dropFirst(r)
		return true
	}
	return l.dropOldestInMemory() || l.dropOldestOf(l.out, true) || l.dropOldestOf(l.mem, true)
}

// dropOldestInMemory is for when the disk takes nothing. What is being written stays: it may be in the log.
func (l *ledger) dropOldestInMemory() bool {
	unsaved := l.mem.unsaved()
	return l.dropOldestOf(unsaved, false) || l.dropOldestOf(unsaved, true)
}

// dropOldestOf drops the first entry that is not being written, or that is not in flight either.
func (l *ledger) dropOldestOf(r ring, flying bool) bool {
	for _, e := range r {
		if !e.writing && (flying || !e.given) {
			l.settle(e)
			l.loseOne(e.seq)
			return true
		}
	}
	return false
}

// purge drops all records before seq, and returns how many those were.
func (l *ledger) purge(seq uint64) int {
	n, first := l.messages(), l.cursor
	for _, r := range []ring{l.out, l.mem} {
		if len(r) > 0 {
			first = min(first, r[0].seq)
		}
	}
	kept := l.mem[l.mem.from(seq):]
	for _, e := range l.mem[:len(l.mem)-len(kept)] {
		e.gone = true
		e.answer(nil)
	}
	l.out, l.ahead, l.unread, l.mem = nil, nil, 0, kept
	l.count(0)
	l.cursor = max(l.cursor, seq)
	n -= l.messages()
	l.lose(gap{From: first, To: seq - 1, N: uint64(n)})
	return n
}
