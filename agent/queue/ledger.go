package queue

import (
	"crypto/rand"
	"slices"
	"time"

	"github.com/paird/paird/agent/internal/seglog"
)

// A ledger says which records there are, where they are, and what became of the others. It takes no lock, and
// asks neither the disk nor the clock but through load.
//
// Records come in the order of seq, so where one is follows from its number: those up to stowed are in the log, and
// in memory only once they are loaded; those up to durable are in the log and in memory, as a frame may write them
// again; the others are in memory only. Those below at are in flight; those below cursor were given once.
type ledger struct {
	maxBytes int64
	maxAge   time.Duration
	load     func(from, to uint64) []seglog.Record // the next of the unread; none: the disk does not give them
	warn     func(gap)                             // called for each new run of drops

	stream   string
	list     ring   // the records in memory
	unread   int    // those that are not: they come behind the loaded ones, and not after stowed
	next     uint64 // seq of the next record
	at       uint64 // records below were given since the last rewind
	cursor   uint64 // records below were given once, or are settled
	stowed   uint64
	durable  uint64
	writing  uint64 // those up to here are being written; 0: none are
	memBytes int64  // what those cost that are on no disk
	bytes    int64  // of topics and payloads
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

func (l *ledger) messages() int { return len(l.list) + l.unread }

// put appends a record.
func (l *ledger) put(e *entry) {
	e.Seq = l.next
	l.next++
	l.list = append(l.list, e)
	l.memBytes += e.cost()
	l.bytes += int64(e.Size())
}

// take puts the next record, or a gap that is due, in flight. report is a gap that comes for the first time. A gap
// that the log does not have yet waits, if logged: its number must not come back with the record that had it.
func (l *ledger) take(now seglog.Stamp, logged bool) (r seglog.Record, report gap, ok, waits bool) {
	e := l.peek(now)
	before := l.next
	if e != nil {
		before = e.Seq
	}
	g := l.gaps.before(before)
	switch {
	case g == nil && e == nil:
		return seglog.Record{}, gap{}, false, false
	case g == nil:
		l.give(e)
		return e.Record, gap{}, true, false
	case logged && !g.kept:
		return seglog.Record{}, gap{}, false, true
	case !g.Seen:
		report = *g
	}
	g.sent, g.Seen = true, true
	return seglog.Record{Seq: g.To, Topic: gapTopic, Payload: g.payload()}, report, true, false
}

// peek returns the next record that is fit to be sent, or nil, and drops those before it that are too old.
func (l *ledger) peek(now seglog.Stamp) *entry {
	for {
		e := l.first()
		if e == nil || l.maxAge <= 0 || age(e.At, now) <= l.maxAge {
			return e
		}
		l.dropFirst(e)
	}
}

// first returns the first record that is not in flight. nil: there is none, or the disk does not give it.
func (l *ledger) first() *entry {
	i := l.list.from(l.at)
	if l.unread > 0 && i == l.list.from(l.stowed+1) {
		loaded := l.load(l.cursor, l.stowed)
		if len(loaded) == 0 {
			return nil
		}
		l.unread -= len(loaded)
		l.list = slices.Concat(l.list[:i], entries(loaded), l.list[i:])
	}
	if i == len(l.list) {
		return nil
	}
	return l.list[i]
}

// give puts in flight what first has returned.
func (l *ledger) give(e *entry) {
	l.at = e.Seq + 1
	l.cursor = max(l.cursor, l.at)
}

// ack settles a record or a gap that is in flight.
func (l *ledger) ack(seq uint64) {
	if l.gaps.remove(seq) {
		l.changes++
	} else if e := l.list.find(seq); e != nil && seq < l.at {
		l.settle(e)
	}
}

// setAside drops a record that was given once, or settles a gap.
func (l *ledger) setAside(seq uint64) {
	if l.gaps.remove(seq) {
		l.changes++
	} else if e := l.list.find(seq); e != nil && seq < l.cursor {
		l.settle(e)
		l.loseOne(seq)
	}
}

// settle takes a record out of memory, and out of the log with the next frame.
func (l *ledger) settle(e *entry) {
	l.list.take(e)
	e.gone = true
	e.answer(nil)
	l.bytes -= int64(e.Size())
	if e.Seq <= l.durable {
		l.changes++
	} else {
		l.memBytes -= e.cost()
	}
}

// rewind makes all that is in flight come again.
func (l *ledger) rewind() {
	l.at = 0
	l.gaps.rewind(l.live)
}

// unsaved are the records that are on no disk.
func (l *ledger) unsaved() ring { return l.list[l.list.from(l.durable+1):] }

// group returns what of them a frame with that much room is to have.
func (l *ledger) group(room int) ring {
	group := slices.Clone(l.unsaved().upTo(room)) // the list may change meanwhile
	if len(group) > 0 {
		l.writing = group[len(group)-1].Seq
	}
	return group
}

// saved enters that a frame has the group; below open no frame is written again.
func (l *ledger) saved(group ring, in *seglog.Segment, open uint64) {
	l.durable, l.writing = max(l.durable, l.writing), 0
	for _, e := range group {
		e.seg = in
		if e.gone {
			l.changes++ // settled while it was written
			continue
		}
		l.memBytes -= e.cost()
		e.answer(nil)
	}
	l.stow(min(open, l.durable+1))
}

// stow removes from memory the records below seq that were never given. The others stay in memory until they are settled.
func (l *ledger) stow(seq uint64) {
	end := l.list.from(seq)
	if i := l.list.from(max(l.cursor, l.stowed+1)); i < end {
		for _, e := range l.list[i:end] {
			e.seg.Unread++
		}
		l.unread += end - i
		l.list = slices.Delete(l.list, i, end)
	}
	l.stowed = max(l.stowed, seq-1)
}

// unsave makes all records that are only in memory, or were in an open frame, be written again.
func (l *ledger) unsave(unread int64) {
	l.durable = l.stowed
	l.count(unread)
}

// count adds up the bytes: of what is in memory, and of the unread.
func (l *ledger) count(unread int64) {
	l.memBytes, l.bytes = 0, unread
	for _, e := range l.list {
		l.bytes += int64(e.Size())
		if e.Seq > l.durable {
			l.memBytes += e.cost()
		}
	}
}
