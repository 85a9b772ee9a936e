package queue

// dropFirst drops what first has returned.
func (q *Queue) dropFirst(r record) {
	if e := q.find(r.seq); e != nil {
		q.settle(e)
	} else {
		q.ahead, q.unread = q.ahead[1:], q.unread-1
		q.bytes -= int64(r.size())
		q.touch()
	}
	q.cursor = max(q.cursor, r.seq+1)
	q.loseOne(r.seq)
}

// loseOne counts a dropped record and reports it by a gap.
func (q *Queue) loseOne(seq uint64) { q.lose(gap{From: seq, To: seq, N: 1}) }

// lose counts a run of lost records.
func (q *Queue) lose(g gap) {
	if g.N == 0 {
		return
	}
	q.dropped += g.N
	if q.gaps.add(g, q.live) {
		q.o.Log.Warn("records dropped from the queue", "from_seq", g.From, "dropped", q.dropped)
	}
}

// loseIn counts n records as lost, in the holes of the numbering in which they were.
func (q *Queue) loseIn(holes []gap, n uint64) {
	for _, h := range holes {
		known := q.gaps.within(h.From, h.To)
		size := h.To - h.From + 1
		if known >= size {
			continue
		}
		h.N = min(n, size-known)
		n -= h.N
		q.lose(h)
	}
	q.dropped += n // there is no number left for these
}

// live says whether a record is left between the two.
func (q *Queue) live(after, before uint64) bool {
	// Of those on the disk and not given yet it is not known which numbers are in use.
	unread := q.unread > 0 && q.cursor < before && after < q.diskLast
	return unread || q.out.between(after, before) || q.mem.between(after, before)
}

// limit drops the oldest records until the queue keeps its bounds.
func (q *Queue) limit() {
	for q.bytes > q.o.MaxBytes && q.dropOldest() {
	}
	for q.memBytes > memMax && q.dropOldestInMemory() {
	}
}

// dropOldest prefers records that are not in flight.
func (q *Queue) dropOldest() bool {
	if r, ok := q.first(); ok {
		q.dropFirst(r)
		return true
	}
	if q.dropOldestInMemory() {
		return true
	}
	for _, r := range []ring{q.out, q.mem} {
		if len(r) > 0 {
			seq := r[0].seq
			q.settle(r[0])
			q.loseOne(seq)
			return true
		}
	}
	return false
}

// dropOldestInMemory is for when the disk takes nothing. What is being written stays: it may be in the log.
func (q *Queue) dropOldestInMemory() bool {
	unsaved := q.mem.unsaved()
	for _, given := range []bool{false, true} {
		for _, e := range unsaved {
			if e.given == given && !e.writing {
				q.settle(e)
				q.loseOne(e.seq)
				return true
			}
		}
	}
	return false
}

// dropSegment gives up the records of the oldest segment of several, and returns the least seq that stays: where
// the disk is full newer records may have its room.
func (q *Queue) dropSegment() (floor uint64) {
	all := q.log.all()
	if len(all) < 2 {
		return 0
	}
	for r, ok := q.first(); ok && r.seq <= all[0].last; r, ok = q.first() {
		q.dropFirst(r)
	}
	return all[0].last + 1
}
