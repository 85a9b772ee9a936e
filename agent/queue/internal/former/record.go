package former

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"

	"github.com/paird/paird/agent/internal/seglog"
)

// A Record was a value of the bucket "records", under seq, and an item of the journal:
//
//	0  version 1, zero
//	2  length of the topic, 2 bytes
//	4  CRC-32C of seq and of all but this field, 4 bytes
//	8  wall clock, ms since 1970, 0 if it was not set, 8 bytes
//	16 time since boot, ms, 8 bytes
//	24 boot, 8 bytes
//	32 topic, payload
//
// Numbers are big-endian.
type Record struct {
	seglog.Record
	Damaged bool // only Seq is known
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func parse(seq uint64, b []byte) Record {
	const header = 32
	bad := Record{seglog.Record{Seq: seq}, true}
	if len(b) < header || b[0] != 1 {
		return bad
	}
	sum := crc32.Checksum(binary.BigEndian.AppendUint64(nil, seq), castagnoli)
	sum = crc32.Update(crc32.Update(sum, castagnoli, b[:4]), castagnoli, b[8:])
	end := header + int(binary.BigEndian.Uint16(b[2:]))
	if sum != binary.BigEndian.Uint32(b[4:]) || end > len(b) {
		return bad
	}
	return Record{Record: seglog.Record{
		Seq: seq,
		At: seglog.Stamp{
			Wall: int64(binary.BigEndian.Uint64(b[8:])),
			Mono: int64(binary.BigEndian.Uint64(b[16:])),
			Boot: binary.BigEndian.Uint64(b[24:]),
		},
		Topic:   string(b[header:end]),
		Payload: bytes.Clone(b[end:]),
	}}
}

// readJournal takes the records of the lap that the database names, or of a later one: where the database had to go
// back by a commit the journal is ahead of it. A frame begins at a block of its own:
//
//	0  "PQJ1"
//	4  CRC-32C of all that follows, 4 bytes
//	8  length of the records, 4 bytes
//	12 number of its first block, 4 bytes
//	16 lap, 8 bytes
//	24 stream, 8 bytes: the first of its random ones
//	32 records: seq, 8 bytes; length, 4 bytes; the record
func (q *Queue) readJournal(b []byte) {
	const header = 32
	for at := 0; at+header <= len(b); at += seglog.BlockSize {
		h := b[at:]
		end := header + uint64(binary.BigEndian.Uint32(h[8:]))
		lap := binary.BigEndian.Uint64(h[16:])
		if string(h[:4]) != "PQJ1" || int(binary.BigEndian.Uint32(h[12:])) != at/seglog.BlockSize || lap < q.head.Lap ||
			binary.BigEndian.Uint64(h[24:]) != sign(q.head.Stream) || end > uint64(len(h)) ||
			crc32.Checksum(h[8:end], castagnoli) != binary.BigEndian.Uint32(h[4:]) {
			continue
		}
		if lap > q.head.Lap {
			q.head.Lap, q.journal = lap, nil
		}
		q.readItems(h[header:end])
	}
}

func (q *Queue) readItems(items []byte) {
	const header = 12
	for len(items) >= header {
		size := header + uint64(binary.BigEndian.Uint32(items[8:]))
		if size > uint64(len(items)) {
			return
		}
		r := parse(binary.BigEndian.Uint64(items), items[header:size])
		if n := len(q.journal); n == 0 || r.Seq > q.journal[n-1].Seq {
			q.journal = append(q.journal, r)
		}
		items = items[size:]
	}
}

// sign is the first eight of the random bytes that a stream spells in base32 (RFC 4648 section 6).
func sign(stream string) (sign uint64) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	for i, bits := 0, 64; i < len(stream) && bits > 0; i, bits = i+1, bits-5 {
		digit := uint64(max(0, strings.IndexByte(digits, stream[i])))
		if bits >= 5 {
			sign = sign<<5 | digit
		} else {
			sign = sign<<bits | digit>>(5-bits)
		}
	}
	return sign
}
