package seglog

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"

	"github.com/paird/paird/agent/internal/statedir"
)

func (l *Log) file(number uint64) string { return fmt.Sprintf("%s.%08d", l.o.Name, number) }

// segmentNumber returns the number of a segment of the log with that name.
func segmentNumber(file, name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(file, name+".")
	n, err := strconv.ParseUint(digits, 10, 63)
	return n, ok && err == nil && n > 0 && fmt.Sprintf("%08d", n) == digits
}

// read returns the frames of a segment in the order of their commits. What is no file of ours has none.
func (l *Log) read(s *Segment) ([]frame, error) {
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
func (l *Log) readBlocks(f *os.File, b []byte) (err error) {
	good := false
	for at := 0; at < len(b); at += BlockSize {
		block := b[at:min(at+BlockSize, len(b))]
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
func (l *Log) setAside(s *Segment) error {
	common := l.o.Name + ".damaged" // one name for all, of which the newest two files are kept
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

// Erase overwrites and removes the files of a folder that are owned. What is no regular file stays.
func Erase(path string, tap statedir.Tap, owned func(file string) bool) error {
	dir, err := statedir.Open(path, tap)
	if err != nil {
		return err
	}
	defer dir.Close()
	files, err := dir.Names()
	for _, file := range files {
		if owned(file) {
			err = errors.Join(err, dir.Wipe(file))
		}
	}
	return errors.Join(err, dir.Sync())
}

// Owns reports whether a log of that name makes such a file.
func Owns(file, name string) bool {
	_, segment := segmentNumber(file, name)
	_, aside := statedir.AsideNumber(file, name+".damaged")
	return segment || aside || file == name+".damaged" || file == name+".new"
}
