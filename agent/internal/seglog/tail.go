package seglog

import (
	"errors"
	"math"
	"os"
	"slices"

	"github.com/paird/paird/agent/internal/statedir"
)

// A tail is where the next frame goes.
type tail struct {
	*Segment
	file  *os.File
	size  int   // of the file, in bytes
	used  int   // bytes
	spare int   // offset of a block whose frame was written again elsewhere; -1: none
	open  frame // the last frame, while it fills no block
	at    int   // offset of open; -1: there is none
}

// Resume makes the last segment the one that is written to.
func (l *Log) Resume() error {
	if len(l.list) == 0 {
		return nil
	}
	s := l.list[len(l.list)-1]
	file, err := l.dir.Open(l.file(s.number), os.O_RDWR)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		return errors.Join(err, file.Close())
	}
	l.tail = tail{Segment: s, file: file, size: int(info.Size()), used: l.tail.used, spare: -1, at: -1}
	return nil
}

// Room is how many bytes of records the next frame has room for.
func (l *Log) Room() int {
	const least = 4 * BlockSize // below that it begins a segment
	if n := l.tail.size - l.tail.used - keepBlocks - BlockSize; l.tail.file != nil && n >= least {
		return n
	}
	return l.o.Size - keepBlocks - BlockSize
}

// Append returns once the group and the state are on the disk, and in which segment. A later frame may write the
// records from open on again elsewhere. After an error nothing more is written to the segment: what a failed flush
// has left there is unknown.
func (l *Log) Append(state []byte, group []Record) (in *Segment, open uint64, err error) {
	l.commit++
	f := frame{commit: l.commit, state: state}
	last := uint64(0)
	for _, r := range group {
		f.items = r.append(f.items)
		last = max(last, r.Seq)
	}
	ok, err := l.tail.append(l.dir, f)
	if err != nil {
		l.Seal()
		return nil, 0, err
	}
	if !ok {
		if err := l.begin(f); err != nil {
			return nil, 0, err
		}
	}
	l.tail.Last = max(l.tail.Last, last)
	return l.tail.Segment, l.open(), nil
}

// append writes f to the segment if it has room.
func (t *tail) append(dir *statedir.Dir, f frame) (ok bool, err error) {
	if t.file == nil {
		return false, nil
	}
	limit := t.size
	if len(f.items) > 0 {
		limit -= keepBlocks
	}
	joined := f
	joined.items = slices.Concat(t.open.items, f.items)
	joins := t.at >= 0 && joined.size() == BlockSize
	if joins {
		f = joined
	}
	at := t.used
	if t.spare >= 0 && f.size() == BlockSize {
		at = t.spare
	}
	if at+f.size() > limit {
		return false, nil
	}
	f.segment, f.block = t.number, at/BlockSize
	if err := dir.WriteAt(t.file, f.encode(), int64(at)); err != nil {
		return false, err
	}
	if err := dir.SyncFile(t.file); err != nil {
		return false, err
	}
	t.wrote(f, at, joins)
	return true, nil
}

func (t *tail) wrote(f frame, at int, joined bool) {
	if at == t.used {
		t.used += f.size()
	} else {
		t.spare = -1
	}
	if joined {
		t.spare = t.at
	}
	t.open, t.at = frame{}, -1
	if f.size() == BlockSize {
		t.open, t.at = f, at
	}
}

// begin makes a segment with f as its first frame, whole or not at all.
func (l *Log) begin(f frame) error {
	if err := l.Low(l.o.Size); err != nil && l.swap == 0 {
		return err
	}
	s := &Segment{number: 1}
	if all := l.Segments(); len(all) > 0 {
		s.number = all[len(all)-1].number + 1
	}
	f.segment, f.block = s.number, 0
	size := max(l.o.Size, f.size()+keepBlocks)
	temp := l.o.Name + ".new"
	if err := l.make(temp, l.file(s.number), f, size); err != nil {
		return errors.Join(err, l.dir.Remove(temp))
	}
	l.Seal()
	l.swap = max(0, l.swap-1)
	l.mu.Lock()
	l.list = append(l.list, s)
	l.mu.Unlock()
	l.tail = tail{Segment: s, size: size, spare: -1, at: -1}
	l.tail.wrote(f, 0, false)
	var err error
	if l.tail.file, err = l.dir.Open(l.file(s.number), os.O_RDWR); err != nil {
		l.tail.file = nil // f is durable; the next frame begins another segment
	}
	return nil
}

func (l *Log) make(temp, name string, f frame, size int) error {
	file, err := l.dir.Create(temp)
	if err != nil {
		return err
	}
	err = l.dir.Allocate(file, int64(size))
	if err == nil {
		err = l.dir.WriteAt(file, f.encode(), 0)
	}
	if err == nil {
		err = l.dir.SyncFile(file)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := l.dir.Rename(temp, name); err != nil {
		return err
	}
	if err := l.dir.Sync(); err != nil {
		return errors.Join(err, l.dir.Remove(name))
	}
	return nil
}

// Seal ends the segment that is written to.
func (l *Log) Seal() {
	if l.tail.file != nil {
		_ = l.tail.file.Close() // what matters was flushed
	}
	l.tail = tail{}
}

// open is the least seq of the frame that may be written again at another offset.
func (l *Log) open() uint64 {
	if r, _, ok := cutRecord(l.tail.open.items); ok && l.tail.file != nil {
		return r.Seq
	}
	return math.MaxUint64
}
