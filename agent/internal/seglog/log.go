package seglog

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/paird/paird/agent/internal/statedir"
)

const (
	segmentSize = 64 * BlockSize // by default
	keepBlocks  = 2 * BlockSize  // at the end of each segment, for frames without records
	maxSegment  = 64 << 20       // bytes of a file that are read
)

// ErrDamaged: records that were written are not there.
var ErrDamaged = errors.New("the log is damaged")

// Options describe a log.
type Options struct {
	Name     string                          // of its files: NAME.00000001 and so on
	Size     int                             // of a new segment, in bytes; 0: 256 KiB
	KeepFree int64                           // bytes of the file system to leave free: below it no segment is made; 0: none
	Free     func(dir string) (int64, error) // bytes free for us; nil: the file system is asked
}

// A Log is a row of segments, each a row of frames. One goroutine at a time writes it; Load may run beside it.
type Log struct {
	dir  *statedir.Dir
	o    Options
	swap int // segments that may be made in place of others, however low the space is

	mu   sync.Mutex
	list []*Segment // ascending; guarded by mu

	commit uint64 // of the last frame
	tail   tail
	broken string // path of a file that was set aside
	cut    bool   // that file was the newest
}

// A Segment is one file.
type Segment struct {
	Last   uint64 // the highest seq in it
	Unread int    // records that matter to the log's owner, who keeps it up to date
	number uint64
}

// New makes the log of that name in dir. Open reads it, Close closes dir.
func New(dir *statedir.Dir, o Options) *Log {
	if o.Size == 0 {
		o.Size = segmentSize
	}
	if o.Free == nil {
		o.Free = free
	}
	return &Log{dir: dir, o: o}
}

// Open finds the segments and returns the state of the newest frame; nil if there is none. A segment without a
// single sound frame is set aside: no power cut leaves one.
func (l *Log) Open() (state []byte, err error) {
	names, err := l.dir.Names()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if n, ok := segmentNumber(name, l.o.Name); ok {
			l.list = append(l.list, &Segment{number: n})
		}
	}
	slices.SortFunc(l.list, func(a, b *Segment) int { return cmp.Compare(a.number, b.number) })
	if err := l.dir.Remove(l.o.Name + ".new"); err != nil {
		return nil, err
	}
	for len(l.list) > 0 {
		s := l.list[len(l.list)-1]
		frames, err := l.read(s)
		if err != nil {
			return nil, err
		}
		if len(frames) > 0 {
			return l.openAt(frames), nil
		}
		l.cut = true
		if err := l.setAside(s); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// openAt takes the frames of the newest segment.
func (l *Log) openAt(frames []frame) (state []byte) {
	last := frames[len(frames)-1]
	l.commit = last.commit
	for _, f := range frames {
		l.tail.used = max(l.tail.used, f.block*BlockSize+f.size())
	}
	return last.state
}

// Size is that of a new segment, in bytes.
func (l *Log) Size() int { return l.o.Size }

// Broken is the path of a damaged segment that was set aside, or empty. cut: it was the newest, so what the log said
// last is lost.
func (l *Log) Broken() (path string, cut bool) { return l.broken, l.cut }

func (l *Log) drop(s *Segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(other *Segment) bool { return other == s })
}

// Segments are those of now, the oldest first.
func (l *Log) Segments() []*Segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// Scan calls visit for each record on the disk, in the order of their writing; some come twice.
func (l *Log) Scan(visit func(*Segment, Record)) error {
	for _, s := range l.Segments() {
		frames, err := l.read(s)
		if err != nil {
			return err
		}
		if len(frames) == 0 {
			if err := l.setAside(s); err != nil {
				return err
			}
		}
		records(frames, func(r Record) {
			s.Last = max(s.Last, r.Seq)
			visit(s, r)
		})
	}
	return nil
}

// Load returns the records from seq from to seq to of the first segment with unread ones, and makes them
// read. ErrDamaged: some are missing.
func (l *Log) Load(from, to uint64) (found []Record, err error) {
	for _, s := range l.Segments() {
		if s.Unread == 0 {
			continue
		}
		frames, err := l.read(s)
		if err != nil {
			return nil, err
		}
		records(frames, func(r Record) {
			if r.Seq >= from && r.Seq <= to {
				found = append(found, r)
				from = r.Seq + 1
			}
		})
		if len(found) < s.Unread {
			return nil, fmt.Errorf("%w: %s has %d of %d records", ErrDamaged, l.file(s.number), len(found), s.Unread)
		}
		found = found[:s.Unread] // what a failed write left behind them was written again elsewhere
		s.Unread = 0
		return found, nil
	}
	return nil, fmt.Errorf("%w: a segment is missing", ErrDamaged)
}

// Skip makes all segments read.
func (l *Log) Skip() {
	for _, s := range l.Segments() {
		s.Unread = 0
	}
}

// Release removes the segments at the front that are settled. The last one stays: it has the state. Each removal
// is durable before the next, or a cut might bring back records without what settled them.
func (l *Log) Release(settled func(*Segment) bool) error {
	for all := l.Segments(); len(all) > 1 && settled(all[0]); all = all[1:] {
		if err := l.dir.Remove(l.file(all[0].number)); err != nil {
			return err
		}
		l.drop(all[0])
		if err := l.dir.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// Replace removes the segments without a record from seq on. One may be made in their place, however low the space is.
func (l *Log) Replace(seq uint64) error {
	err := l.Release(func(s *Segment) bool { return s.Last < seq })
	if err == nil {
		l.swap = 1
	}
	return err
}

// Close ends the log and closes its folder.
func (l *Log) Close() error {
	l.Seal()
	return l.dir.Close()
}
