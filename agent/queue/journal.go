package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paird/paird/agent/internal/boltfile"
)

// A journal is a file of preallocated blocks that takes groups of records one after the other, from
// its beginning. It is never read but at start, and has no need to be cleared: each frame names its lap,
// and the database names the lap that counts.
//
// A frame holds one group and begins at a block of its own, so that a torn write spoils no other:
//
//	0  "PQJ1"
//	4  CRC-32C of all that follows, 4 bytes
//	8  length of the records, 4 bytes
//	12 number of its first block, 4 bytes
//	16 lap, 8 bytes
//	24 stream, 8 bytes: the first of its random ones
//	32 records: seq, 8 bytes; length, 4 bytes; the encoded record
//
// The rest of its last block is zero. Numbers are big-endian.
type journal struct {
	file *os.File
	disk boltfile.Disk
	size int // of the file
	used int // bytes of this lap
}

const (
	blockSize   = 4096
	journalSize = 64 * blockSize // by default
	frameHeader = 32
	itemHeader  = 12
	frameSign   = "PQJ1"
)

// openJournal opens the journal, or makes one. What is no journal of this size goes.
func openJournal(path string, size int, d boltfile.Disk) (*journal, error) {
	info, err := os.Lstat(path)
	switch {
	case err == nil && info.Mode().IsRegular() && info.Size() == int64(size):
	case err == nil || errors.Is(err, fs.ErrNotExist):
		if err := errors.Join(d.Remove(path), d.WriteFile(path, make([]byte, size))); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &journal{file: f, disk: d, size: size}, nil
}

// itemSize is what a record takes in a frame.
func itemSize(r record) int { return itemHeader + headerSize + r.size() }

// fits tells whether a group of records of that total itemSize has room in this lap.
func (j *journal) fits(items int) bool { return j.used+blocks(frameHeader+items) <= j.size }

// blocks rounds up to whole blocks.
func blocks(n int) int { return (n + blockSize - 1) / blockSize * blockSize }

// append returns when the group is on the disk. After an error the same place is written again.
func (j *journal) append(lap, stream uint64, group []*entry) error {
	b := frame(lap, stream, j.used/blockSize, group)
	if err := j.disk.WriteAt(j.file, b, int64(j.used)); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(j.file.Name()), err)
	}
	if err := j.disk.Sync(j.file); err != nil {
		return fmt.Errorf("flush %s: %w", filepath.Base(j.file.Name()), err)
	}
	j.used += len(b)
	return nil
}

func frame(lap, stream uint64, block int, group []*entry) []byte {
	b := make([]byte, frameHeader, blockSize)
	for _, e := range group {
		v := e.encode()
		b = binary.BigEndian.AppendUint64(b, e.seq)
		b = binary.BigEndian.AppendUint32(b, uint32(len(v)))
		b = append(b, v...)
	}
	copy(b, frameSign)
	binary.BigEndian.PutUint32(b[8:], uint32(len(b)-frameHeader))
	binary.BigEndian.PutUint32(b[12:], uint32(block))
	binary.BigEndian.PutUint64(b[16:], lap)
	binary.BigEndian.PutUint64(b[24:], stream)
	binary.BigEndian.PutUint32(b[4:], frameSum(b))
	return append(b, make([]byte, blocks(len(b))-len(b))...)
}

func frameSum(b []byte) uint32 { return crc32.Checksum(b[8:], crc32.MakeTable(crc32.Castagnoli)) }

// recover returns the records of the lap, or of a later one: where the database had to go back by a
// commit the journal is ahead of it. New frames go behind those that were found. damaged tells that one
// of them was found after something that is no frame, which no cut of the power leaves.
func (j *journal) recover(lap, stream uint64) (_ uint64, found []record, damaged bool, err error) {
	j.used = 0
	for at := 0; at < j.size; {
		b, err := j.frameAt(at)
		if err != nil {
			return lap, nil, false, err
		}
		records, of, size := parseFrame(b, at/blockSize, stream)
		if size == 0 || of < lap {
			at += blockSize
			continue
		}
		if of > lap {
			lap, found, damaged, j.used = of, nil, false, 0
		}
		damaged = damaged || j.used < at
		at += size
		found, j.used = append(found, records...), at
	}
	return lap, found, damaged, nil
}

// frameAt reads as much as the frame that may begin there says it has.
func (j *journal) frameAt(at int) ([]byte, error) {
	head := make([]byte, frameHeader)
	if _, err := j.file.ReadAt(head, int64(at)); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint32(head[8:]))
	if string(head[:4]) != frameSign || length > j.size-at-frameHeader {
		return nil, nil
	}
	b := make([]byte, frameHeader+length)
	_, err := j.file.ReadAt(b, int64(at))
	return b, err
}

// parseFrame returns the records of the frame at the beginning of b, its lap, and its size in bytes of
// whole blocks: 0 if there is no such frame.
func parseFrame(b []byte, block int, stream uint64) (records []record, lap uint64, size int) {
	if len(b) < frameHeader || string(b[:4]) != frameSign || binary.BigEndian.Uint64(b[24:]) != stream {
		return nil, 0, 0
	}
	if int(binary.BigEndian.Uint32(b[12:])) != block {
		return nil, 0, 0
	}
	end := frameHeader + int(binary.BigEndian.Uint32(b[8:]))
	if end > len(b) || frameSum(b[:end]) != binary.BigEndian.Uint32(b[4:]) {
		return nil, 0, 0
	}
	for items := b[frameHeader:end]; len(items) > 0; {
		if len(items) < itemHeader {
			return nil, 0, 0
		}
		seq, n := binary.BigEndian.Uint64(items), int(binary.BigEndian.Uint32(items[8:]))
		if n > len(items)-itemHeader {
			return nil, 0, 0
		}
		r, err := decode(seq, items[itemHeader:itemHeader+n])
		if err != nil {
			return nil, 0, 0
		}
		records, items = append(records, r), items[itemHeader+n:]
	}
	return records, binary.BigEndian.Uint64(b[16:]), blocks(end)
}

// rewind begins a lap; nil: there is none to begin.
func (j *journal) rewind() {
	if j != nil {
		j.used = 0
	}
}
