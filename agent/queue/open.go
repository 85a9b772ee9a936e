package queue

import (
	"cmp"
	"crypto/rand"
	"errors"
	"path/filepath"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
)

// openDisk opens the database and the journal and joins to what is in memory what they hold. The
// caller holds io.
func (q *Queue) openDisk() error {
	if q.suspect {
		q.leaveDisk()
	}
	d, c, aside, err := q.openDatabase()
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if aside != "" {
		q.quarantined = aside
	}
	records, err := q.openLap(d, c.state)
	q.disk = d
	if err == nil {
		err = q.adopt(d, c, records)
	}
	if err != nil {
		q.disk = nil
		return errors.Join(err, d.close(true, q.o.files.Disk))
	}
	q.reserved, q.trouble = q.next, nil // the first transaction reserves more
	q.limit()
	q.signal()
	return nil
}

// leaveDisk closes a database that is suspect. What it holds is still in the books.
func (q *Queue) leaveDisk() {
	q.mu.Lock()
	d := q.disk
	q.disk, q.suspect, q.ahead = nil, false, nil
	q.mu.Unlock()
	if err := d.close(true, q.o.files.Disk); err != nil {
		q.o.Log.Warn("closing the damaged queue", "err", err)
	}
}

// flying says whether a session has records in flight whose numbers would change if the disk came back.
func (q *Queue) flying() bool {
	return q.disk == nil && q.trouble != nil && q.online && q.fileStream == "" && len(q.mem) > 0 && q.mem[0].seq < q.cursor
}

// openDatabase opens queue.db and counts what is in it; one that cannot be used is set aside.
func (q *Queue) openDatabase() (d *disk, c content, aside string, err error) {
	o := q.o.files
	o.Path, o.MaxSize, o.Probe, o.Log = q.path, q.maxFile(), q.o.Probe, q.o.Log
	for {
		db, report, err := boltfile.Open(o)
		if report.Quarantined != "" {
			aside = report.Quarantined
		}
		if err != nil {
			return nil, c, aside, err
		}
		d = &disk{db: db}
		c, err = d.scan(func(uint64) bool { return false })
		if err == nil && q.loose(d, c) {
			if d, err = q.compact(d, o); err != nil {
				return nil, c, aside, err
			}
		}
		if err == nil {
			return d, c, aside, nil
		}
		err = errors.Join(err, d.close(true, o.Disk))
		if _, broken := errors.AsType[*brokenError](err); !broken && !errors.Is(err, errState) || report.Created {
			return nil, c, aside, err
		}
		if aside, err = boltfile.SetAside(q.path, o.Disk); err != nil {
			return nil, c, aside, err
		}
	}
}

// openLap opens the journal and returns what it holds of this lap. Without a journal it goes on.
func (q *Queue) openLap(d *disk, s *state) ([]record, error) {
	j, err := openJournal(filepath.Join(q.o.Dir, "queue.log"), q.o.journal, q.o.files.Disk)
	if err != nil {
		q.o.Log.Warn("the queue works without its journal", "err", err)
		return nil, nil
	}
	d.journal = j
	if s == nil {
		return nil, nil
	}
	lap, records, damaged, err := j.recover(s.Lap, streamSign(s.Stream))
	if damaged || lap != s.Lap {
		q.o.Log.Error("the queue has lost records: a part of it is damaged", "path", q.path)
		q.quarantined = cmp.Or(q.quarantined, q.path)
	}
	s.Lap = lap
	return records, err
}

// adopt joins what the disk holds to what is in memory: the disk's comes first.
func (q *Queue) adopt(d *disk, c content, records []record) error {
	switch {
	case c.state == nil:
		q.lose()
		return nil
	case c.state.Stream == q.fileStream || c.state.Stream == q.stream:
		return q.adoptAgain(d, c)
	}
	q.adoptOld(c, records)
	return nil
}

// lose enters the loss of what was in the file before this one, if there was one. The numbers go on.
func (q *Queue) lose() {
	if q.diskLast == 0 {
		return
	}
	lost, bytes := q.messages, q.bytes
	for _, e := range q.mem {
		if !e.done {
			lost--
			bytes -= int64(e.size())
		}
		e.safe = false
	}
	first := min(q.cursor, q.diskLast)
	if len(q.out) > 0 {
		first = min(first, q.out[0].seq)
	}
	q.tell(first, q.diskLast, uint64(lost))
	q.messages -= lost
	q.bytes -= bytes
	q.cursor = max(q.cursor, q.diskLast+1)
	q.out, q.dead, q.floor, q.diskLast, q.lap = nil, map[uint64]struct{}{}, 0, 0, 0
	q.stream = rand.Text()
}

// tell counts n records as dropped, with one gap for them and for the gaps before last.
func (q *Queue) tell(first, last, n uint64) {
	q.dropped += n
	all := gap{From: first, To: last, N: n}
	var rest gaps
	for _, g := range q.gaps {
		if g.To <= last {
			all.From, all.N = min(all.From, g.From), all.N+g.N
		} else {
			rest = append(rest, g)
		}
	}
	if all.N > 0 {
		rest = append(gaps{all}, rest...)
	}
	q.gaps = rest
}

// adoptAgain takes our own file after trouble. What was in flight comes again.
func (q *Queue) adoptAgain(d *disk, c content) error {
	own, err := d.scan(func(seq uint64) bool {
		_, dead := q.dead[seq]
		return dead || seq < q.floor
	})
	if err != nil {
		return err
	}
	q.messages, q.bytes = own.messages, own.bytes
	for _, e := range q.mem {
		if !e.done {
			q.messages++
			q.bytes += int64(e.size())
		}
	}
	q.diskLast, q.lap, q.cursor, q.out, q.ahead = own.last, c.state.Lap, 0, nil, nil
	q.gaps.rewind(q.live)
	return nil
}

// adoptOld takes a file of another stream: the one that this device had before it started. What was
// put meanwhile gets numbers behind those of the file.
func (q *Queue) adoptOld(c content, records []record) {
	q.lose()
	s := c.state
	if len(records) > 0 {
		s.Next = max(s.Next, records[len(records)-1].seq+1)
	}
	q.shift(s.Next - 1)
	q.stream, q.fileStream, q.lap, q.diskLast, q.cursor = s.Stream, s.Stream, s.Lap, c.last, 0
	q.messages += c.messages
	q.bytes += c.bytes
	q.dropped += s.Dropped
	q.gaps = append(s.Gaps, q.gaps...)
	q.join(records)
	switch {
	case !s.Owned:
	case !q.owned:
		q.owned, q.owner = true, s.Owner
	case q.owner == "" || q.owner != s.Owner:
		q.purge(s.Next)
	}
}

// shift adds n to all numbers.
func (q *Queue) shift(n uint64) {
	q.next += n
	for _, e := range q.mem {
		e.seq += n
	}
	for i := range q.gaps {
		q.gaps[i].From += n
		q.gaps[i].To += n
	}
}

// join puts what the journal held before what is in memory.
func (q *Queue) join(records []record) {
	var mem []*entry
	for _, r := range records {
		if r.seq > q.diskLast {
			e := &entry{record: r, put: time.Now(), safe: true}
			mem = append(mem, e)
			q.memBytes += e.cost()
			q.messages++
			q.bytes += int64(r.size())
		}
	}
	q.mem = append(mem, q.mem...)
}
