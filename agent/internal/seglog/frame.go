package seglog

import (
	"encoding/binary"
	"hash/crc32"
)

// A frame is one write: the state of the log's owner, and a group of records. It begins at a block of its own,
// so that a torn write damages no other:
//
//	0  "PQS1"
//	4  CRC-32C of all that follows, 4 bytes
//	8  length of state and records, 4 bytes
//	12 length of the state, 4 bytes
//	16 number of its first block in the segment, 8 bytes
//	24 number of the segment, 8 bytes
//	32 number of the commit, 8 bytes: of two frames the higher is the newer
//	40 state, records
//
// The rest of its last block is zero. Numbers are big-endian.
type frame struct {
	segment uint64
	block   int
	commit  uint64
	state   []byte
	items   []byte // encoded records
}

const (
	BlockSize   = 4096
	frameHeader = 40
	frameSign   = "PQS1"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// blocks rounds up to whole blocks.
func blocks(n int) int { return (n + BlockSize - 1) / BlockSize * BlockSize }

// size is what the frame takes of a segment, in bytes of whole blocks.
func (f frame) size() int { return blocks(frameHeader + len(f.state) + len(f.items)) }

func (f frame) encode() []byte {
	b := make([]byte, frameHeader, f.size())
	copy(b, frameSign)
	binary.BigEndian.PutUint32(b[8:], uint32(len(f.state)+len(f.items)))
	binary.BigEndian.PutUint32(b[12:], uint32(len(f.state)))
	binary.BigEndian.PutUint64(b[16:], uint64(f.block))
	binary.BigEndian.PutUint64(b[24:], f.segment)
	binary.BigEndian.PutUint64(b[32:], f.commit)
	b = append(append(b, f.state...), f.items...)
	binary.BigEndian.PutUint32(b[4:], crc32.Checksum(b[8:], castagnoli))
	return b[:cap(b)]
}

// parseFrame returns the frame at the beginning of b, if there is one that was written at this offset. Its
// contents are parts of b.
func parseFrame(b []byte, segment uint64, block int) (f frame, ok bool) {
	if len(b) < frameHeader || string(b[:4]) != frameSign {
		return f, false
	}
	length, state := uint64(binary.BigEndian.Uint32(b[8:])), uint64(binary.BigEndian.Uint32(b[12:]))
	end := frameHeader + length
	if end > uint64(len(b)) || state > length || crc32.Checksum(b[8:end], castagnoli) != binary.BigEndian.Uint32(b[4:]) {
		return f, false
	}
	f = frame{
		segment: binary.BigEndian.Uint64(b[24:]),
		block:   int(binary.BigEndian.Uint64(b[16:])),
		commit:  binary.BigEndian.Uint64(b[32:]),
		state:   b[frameHeader : frameHeader+state],
		items:   b[frameHeader+state : end : end],
	}
	return f, f.segment == segment && f.block == block
}

// parseFrames returns the frames of a segment in the order of their offsets.
func parseFrames(b []byte, segment uint64) (frames []frame) {
	for at := 0; at < len(b); {
		f, ok := parseFrame(b[at:], segment, at/BlockSize)
		if !ok {
			at += BlockSize
			continue
		}
		frames = append(frames, f)
		at += f.size()
	}
	return frames
}

// records calls yield for each record of the frames. Those that an earlier frame had before it was written
// again come twice.
func records(frames []frame, yield func(Record)) {
	for _, f := range frames {
		for items := f.items; ; {
			r, rest, ok := cutRecord(items)
			if !ok {
				break
			}
			yield(r)
			items = rest
		}
	}
}
