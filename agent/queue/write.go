package queue

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A job is one write: a group to the journal, or a transaction.
type job struct {
	group   []*entry // to the journal; nil: a transaction
	batch   batch
	changes uint64 // Queue.changes at the time
	squeeze bool   // deletes only, to make room in a full file
}

// write does the most pressing thing there is to write; all: puts everything into the database. The
// caller holds io.
func (q *Queue) write(all bool) error {
	if err := q.ensureDisk(); err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		return q.failed(job{group: alive(q.unsafe())}, err)
	}
	low := q.low()
	q.mu.Lock()
	j := q.plan(all)
	q.mu.Unlock()
	err := q.do(j, low)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err != nil {
		return q.failed(j, err)
	}
	q.done(j)
	return nil
}

// ensureDisk opens the database unless it is open and sound.
func (q *Queue) ensureDisk() error {
	q.mu.Lock()
	sound, flying, trouble := q.disk != nil && !q.suspect, q.flying(), q.trouble
	q.mu.Unlock()
	switch {
	case sound:
		return nil
	case flying:
		return trouble // for a little longer
	}
	return q.openDisk()
}

// plan decides what to write. Small groups go to the journal; deletions, numbers and large groups need
// a transaction, which takes with it what the journal has, for that is void afterwards.
func (q *Queue) plan(all bool) job {
	if q.squeeze && !all {
		return q.planSqueeze()
	}
	unsafe, stored := q.unsafe(), q.mem[:len(q.mem)-len(q.unsafe())]
	spill := all || q.memBytes >= spillBytes
	group := alive(unsafe)
	overdue := len(group) > 0 && time.Since(group[0].put) >= q.patience()
	stale := q.urgent || q.scarce() || len(q.dead) >= deadBatch || !q.dirty.IsZero() && time.Since(q.dirty) >= groupWait
	if overdue && !spill && !stale && q.journalTakes(group) {
		return job{group: group}
	}
	put := stored
	if spill || overdue {
		put = q.mem
	}
	b := batch{state: q.state(all && q.closed), put: alive(put), remove: slices.Sorted(maps.Keys(q.dead)), clear: q.floor > q.diskLast}
	b.state.Lap++
	return job{batch: b, changes: q.changes}
}

// planSqueeze gives up the oldest records on the disk: where the file cannot grow, newer ones may have
// their pages. The journal stays as it is.
func (q *Queue) planSqueeze() job {
	q.squeeze = false
	for goal := q.bytes - 2*spillBytes; q.bytes > goal; {
		if f, ok := q.first(); !ok || f.seq > q.diskLast {
			break
		}
		q.drop(q.cursor)
	}
	b := batch{state: q.state(false), remove: slices.Sorted(maps.Keys(q.dead)), clear: q.floor > q.diskLast}
	return job{batch: b, changes: q.changes, squeeze: true}
}

// journalTakes says whether the group is one for the journal: small, and with room left.
func (q *Queue) journalTakes(group []*entry) bool {
	items := 0
	for _, e := range group {
		items += itemSize(e.record)
	}
	j := q.disk.journal
	return j != nil && q.reserved != math.MaxUint64 && items <= j.size/4 && j.fits(items)
}

func alive(entries []*entry) []*entry {
	var alive []*entry
	for _, e := range entries {
		if !e.done {
			alive = append(alive, e)
		}
	}
	return alive
}

// state is what a transaction writes beside records; last: no number is given away after it.
func (q *Queue) state(last bool) state {
	s := state{
		Schema: schema, Stream: q.stream, Next: q.next + reserve, Lap: q.lap,
		Dropped: q.dropped, Gaps: slices.Clone(q.gaps), Owned: q.owned, Owner: q.owner,
	}
	if last {
		s.Next = q.next
	}
	return s
}

// streamSign is the stream in a frame of the journal.
func streamSign(stream string) uint64 {
	b, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(stream)
	return binary.BigEndian.Uint64(append(b, make([]byte, 8)...))
}

// low says whether the file system has less room than it should keep.
func (q *Queue) low() bool {
	if q.o.MinFree <= 0 {
		return false
	}
	free, err := q.o.free(q.o.Dir)
	return err == nil && free < q.o.MinFree
}

// accepts says whether the job puts records on the disk that were on none.
func (j job) accepts() bool {
	return len(j.group) > 0 || slices.ContainsFunc(j.batch.put, func(e *entry) bool { return !e.safe })
}

func (q *Queue) do(j job, low bool) error {
	if low && q.o.Sync == Always && j.accepts() {
		return fmt.Errorf("%w: less than %d bytes are free", unix.ENOSPC, q.o.MinFree)
	}
	if j.group != nil {
		return q.disk.journal.append(q.lap, streamSign(q.stream), j.group)
	}
	if err := q.disk.mayGrow(!low, q.maxFile()); err != nil {
		return err
	}
	return q.disk.commit(j.batch)
}

// maxFile is the bound for the database, far above what MaxBytes lets records of common sizes need.
func (q *Queue) maxFile() int { return int(2*q.o.MaxBytes + 4<<20) }
