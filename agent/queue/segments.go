package queue

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/paird/paird/agent/internal/statedir"
)

const (
	segmentSize = 64 * blockSize // by default
	keepBlocks  = 2 * blockSize  // at the end of each segment, for frames without records
	maxSegment  = 64 << 20       // bytes of a file that are read
)

// errDamaged: records that were written are not there.
var errDamaged = errors.New("the log is damaged")

// segments is a log on the disk: files NAME.00000001 and so on, each a row of frames. One goroutine at a
// time writes it; load may run beside it.
type segments struct {
	dir  *statedir.Dir
	name string
	size int               // of a new segment, in bytes
	low  func(n int) error // the error of taking n bytes more of the file system
	swap int               // segments that may be made in place of others, however low it is

	mu   sync.Mutex
	list []*segment // ascending; guarded by mu

	commit uint64 // of the last frame
	tail   tail
	broken string // path of a file that was set aside
	cut    bool   // that file was the newest: what the log said last is lost
}

// A segment is one file.
type segment struct {
	number uint64
	last   uint64 // the highest seq in it
	unread int    // records to be loaded; kept by the log's owner
}

// openSegments opens the log of that name and returns its last frame, which is empty if there is none. A
// segment without a single sound frame is set aside: no power cut leaves one.
func openSegments(l *segments) (last frame, err error) {
	names, err := l.dir.Names()
	if err != nil {
		return last, err
	}
	for _, name := range names {
		if n, ok := segmentNumber(name, l.name); ok {
			l.list = append(l.list, &segment{number: n})
		}
	}
	slices.SortFunc(l.list, func(a, b *segment) int { return cmp.Compare(a.number, b.number) })
	if err := l.dir.Remove(l.name + ".new"); err != nil {
		return last, err
	}
	for len(l.list) > 0 {
		s := l.list[len(l.list)-1]
		frames, err := l.read(s)
		if err != nil {
			return last, err
		}
		if len(frames) > 0 {
			last = frames[len(frames)-1]
			l.commit = last.commit
			for _, f := range frames {
				l.tail.used = max(l.tail.used, f.block*blockSize+f.size())
			}
			break
		}
		l.cut = true
		if err := l.setAside(s); err != nil {
			return last, err
		}
	}
	return last, nil
}

func (l *segments) file(number uint64) string { return fmt.Sprintf("%s.%08d", l.name, number) }

// segmentNumber returns the number of a segment of the log with that name.
func segmentNumber(file, name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(file, name+".")
	n, err := strconv.ParseUint(digits, 10, 63)
	return n, ok && err == nil && n > 0 && fmt.Sprintf("%08d", n) == digits
}

// read returns the frames of a segment in the order of their commits. What is no file of ours has none.
func (l *segments) read(s *segment) ([]frame, error) {
	f, err := l.dir.Open(l.file(s.number), os.O_RDONLY)
	if errors.Is(err, statedir.ErrNotOurs) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b := make([]byte, min(info.Size(), maxSegment))
	err = l.dir.ReadAt(f, b, 0)
	if errors.Is(err, syscall.EIO) {
		err = l.readBlocks(f, b)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	frames := parseFrames(b, s.number)
	sort.Sort(byCommit(frames))
	return frames, nil
}

// byCommit are frames of one segment. Those of one commit stay in the order of their blocks.
type byCommit []frame

func (f byCommit) Len() int      { return len(f) }
func (f byCommit) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f byCommit) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(f[i].commit, f[j].commit), cmp.Compare(f[i].block, f[j].block)) < 0
}

// readBlocks fills b block by block, and leaves those out that the disk does not give: a bad sector costs its
// frame. It fails if the disk gives none.
func (l *segments) readBlocks(f *os.File, b []byte) (err error) {
	good := false
	for at := 0; at < len(b); at += blockSize {
		block := b[at:min(at+blockSize, len(b))]
		if bad := l.dir.ReadAt(f, block, int64(at)); bad != nil {
			clear(block)
			err = bad
		} else {
			good = true
		}
	}
	if good {
		return nil
	}
	return err
}

// setAside takes a damaged segment out of the log.
func (l *segments) setAside(s *segment) error {
	common := l.name + ".damaged" // one name for all, of which the newest two files are kept
	if err := l.dir.Rename(l.file(s.number), common); err != nil {
		return err
	}
	path, err := l.dir.SetAside(common)
	if err != nil {
		return err
	}
	l.broken = cmp.Or(l.broken, path)
	l.drop(s)
	return nil
}

func (l *segments) drop(s *segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(other *segment) bool { return other == s })
}

func (l *segments) all() []*segment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

// scan calls visit for each record on the disk, in the order of their writing; some come twice.
func (l *segments) scan(visit func(*segment, record)) error {
	for _, s := range l.all() {
		frames, err := l.read(s)
		if err != nil {
			return err
		}
		if len(frames) == 0 {
			if err := l.setAside(s); err != nil {
				return err
			}
		}
		records(frames, func(r record) {
			s.last = max(s.last, r.seq)
			visit(s, r)
		})
	}
	return nil
}

// load returns the records from seq from to seq to of the first segment with unread ones, and makes them
// read. errDamaged: some are missing.
func (l *segments) load(from, to uint64) (found []record, err error) {
	for _, s := range l.all() {
		if s.unread == 0 {
			continue
		}
		frames, err := l.read(s)
		if err != nil {
			return nil, err
		}
		records(frames, func(r record) {
			if r.seq >= from && r.seq <= to {
				found = append(found, r)
				from = r.seq + 1
			}
		})
		if len(found) < s.unread {
			return nil, fmt.Errorf("%w: %s has %d of %d records", errDamaged, l.file(s.number), len(found), s.unread)
		}
		found = found[:s.unread] // what a failed write left behind them was written again elsewhere
		s.unread = 0
		return found, nil
	}
	return nil, fmt.Errorf("%w: a segment is missing", errDamaged)
}

// skip makes all segments read.
func (l *segments) skip() {
	for _, s := range l.all() {
		s.unread = 0
	}
}

// release removes the segments at the front that are settled. The last one stays: it has the state. Each removal
// is durable before the next, or a cut might bring back records without what settled them.
func (l *segments) release(settled func(*segment) bool) error {
	for all := l.all(); len(all) > 1 && settled(all[0]); all = all[1:] {
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

// below is the segments without a record from seq on.
func below(seq uint64) func(*segment) bool { return func(s *segment) bool { return s.last < seq } }

func (l *segments) close() error {
	l.seal()
	return l.dir.Close()
}
