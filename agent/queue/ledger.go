package queue

import (
	"crypto/rand"
	"time"
)

// A ledger says which records there are, where they are, and what became of the others. It takes no lock, and
// asks neither the disk nor the clock but through load.
//
// Its records are, in the order of seq: out, the unread ones in the log, mem.
type ledger struct {
	maxBytes int64
	maxAge   time.Duration
	load     func(from, to uint64) []record // the next of the unread; none: the disk does not give them
	warn     func(gap)                      // called for each new run of drops

	stream   string
	next     uint64   // seq of the next record
	cursor   uint64   // records below were given once, or are settled
	out      ring     // given once, not settled, and gone from mem
	unread   int      // records of the log that are not in memory, or in ahead
	ahead    []record // loaded from the log: the first of the unread
	diskLast uint64   // the last seq of out and the unread
	mem      ring     // what came later
	memBytes int64    // what those of mem cost that are on no disk
	bytes    int64    // of topics and payloads
	dropped  uint64
	gaps     gaps
	owned    bool
	owner    string
	changes  uint64 // counts what the log should say
}

// begin makes it an empty ledger with a stream of its own.
func (l *ledger) begin() {
	*l = ledger{maxBytes: l.maxBytes, maxAge: l.maxAge, load: l.load, warn: l.warn, changes: l.changes + 1}
	l.stream, l.next, l.cursor = rand.Text(), 1, 1
}

func (l *ledger) messages() int { return len(l.out) + l.unread + len(l.mem) }

// put appends a record.
func (l *ledger) put(e *entry) {
	e.seq = l.next
	l.next++
	l.mem = append(l.mem, e)
	l.memBytes += e.cost()
	l.bytes += int64(e.size())
}

// take puts the next record, or a gap that is due, in flight. report is a gap that comes for the first time. A gap
// that the log does not have yet waits, if logged: its number must not come back with the record that had it.
func (l *ledger) take(now stamp, logged bool) (r record, report gap, ok, waits bool) {
	r, ok = l.peek(now)
	before := l.next
	if ok {
		before = r.seq
	}
	g := l.gaps.before(before)
	switch {
	case g == nil && ok:
		l.give(r)
		return r, gap{}, true, false
	case g == nil:
		return record{}, gap{}, false, false
	case logged && !g.kept:
		return record{}, gap{}, false, true
	case !g.Seen:
		report = *g
	}
	g.sent, g.Seen = true, true
	return record{seq: g.To, topic: gapTopic, payload: g.payload()}, report, true, false
}

// peek returns the next record that is fit to be sent, and drops those before it that are too old.
func (l *ledger) peek(now stamp) (record, bool) {
	for {
		r, ok := l.first()
		if !ok || l.maxAge <= 0 || r.at.age(now) <= l.maxAge {
			return r, ok
		}
		l.dropFirst(r)
	}
}

// first returns the first record that is not in flight. None: there is none, or the disk does not give it.
func (l *ledger) first() (record, bool) {
	if e := l.out.waiting(); e != nil {
		return e.record, true
	}
	if l.unread > 0 {
		if len(l.ahead) == 0 {
			l.ahead = l.load(l.cursor, l.diskLast)
		}
		if len(l.ahead) == 0 {
			return record{}, false
		}
		return l.ahead[0], true
	}
	if e := l.mem.waiting(); e != nil {
		return e.record, true
	}
	return record{}, false
}

// give puts in flight what first has returned.
func (l *ledger) give(r record) {
	e := l.find(r.seq)
	if e == nil {
		e = &entry{record: r, saved: true}
		l.ahead, l.unread = l.ahead[1:], l.unread-1
		l.out = append(l.out, e)
	}
	e.given, e.seen = true, true
	l.cursor = max(l.cursor, r.seq+1)
}

// find returns a record that is in memory, or nil.
func (l *ledger) find(seq uint64) *entry {
	if seq <= l.diskLast {
		return l.out.find(seq)
	}
	return l.mem.find(seq)
}

// ack settles a record or a gap that is in flight.
func (l *ledger) ack(seq uint64) {
	if l.gaps.remove(seq) {
		l.changes++
	} else if e := l.find(seq); e != nil && e.given {
		l.settle(e)
	}
}

// setAside drops a record that was given once, or settles a gap.
func (l *ledger) setAside(seq uint64) {
	if l.gaps.remove(seq) {
		l.changes++
	} else if e := l.find(seq); e != nil && e.seen {
		l.settle(e)
		l.loseOne(seq)
	}
}

// settle takes a record out of memory, and out of the log with the next frame.
func (l *ledger) settle(e *entry) {
	if !l.out.take(e) {
		l.mem.take(e)
	}
	e.gone = true
	e.answer(nil)
	l.bytes -= int64(e.size())
	if e.saved {
		l.changes++
	} else {
		l.memBytes -= e.cost()
	}
}

// rewind makes all that is in flight come again.
func (l *ledger) rewind() {
	l.out.rewind()
	l.mem.rewind()
	l.gaps.rewind(l.live)
}

// saved enters that a frame has the group; below open no frame is written again.
func (l *ledger) saved(group []*entry, in *segment, open uint64) {
	for _, e := range group {
		e.writing, e.saved, e.seg = false, true, in
		if e.gone {
			l.changes++ // settled while it was written
			continue
		}
		l.memBytes -= e.cost()
		e.answer(nil)
	}
	l.stow(open)
}

// stow removes from memory the entries below seq that are in the log. Those that were given once stay in memory
// until they are settled.
func (l *ledger) stow(seq uint64) {
	for len(l.mem) > 0 && l.mem[0].saved && l.mem[0].seq < seq {
		e := l.mem[0]
		l.mem[0] = nil
		l.mem = l.mem[1:]
		l.diskLast = e.seq
		if e.seen {
			l.out = append(l.out, e)
		} else {
			l.unread++
			e.seg.unread++
		}
	}
}

// unsave makes all of mem be written again.
func (l *ledger) unsave() {
	for _, e := range l.mem {
		e.saved = false
	}
	l.count(0)
}

// count adds up the bytes: of what is in memory, and of the unread.
func (l *ledger) count(unread int64) {
	l.memBytes, l.bytes = 0, unread
	for _, r := range []ring{l.out, l.mem} {
		for _, e := range r {
			l.bytes += int64(e.size())
			if !e.saved {
				l.memBytes += e.cost()
			}
		}
	}
}
