package queue

// drop takes a record out that will never be sent, counts it and makes a gap tell of it.
func (q *Queue) drop(seq uint64) bool {
	if _, ok := q.remove(seq); !ok {
		return false
	}
	if q.cursor == seq {
		q.cursor++
	}
	q.dropped++
	if q.gaps.add(seq, q.live) {
		q.o.Log.Warn("records dropped from the queue", "from_seq", seq, "dropped", q.dropped)
	}
	return true
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
	if f, ok := q.first(); ok {
		return q.drop(f.seq)
	}
	if len(q.out) > 0 {
		return q.drop(q.out[0].seq)
	}
	return q.dropOldestInMemory()
}

// dropOldestInMemory is for when the disk takes nothing.
func (q *Queue) dropOldestInMemory() bool {
	notGiven := q.mem[q.memFrom(q.cursor):]
	for _, entries := range [][]*entry{notGiven, q.mem} {
		for _, e := range entries {
			if !e.done {
				return q.drop(e.seq)
			}
		}
	}
	return false
}
