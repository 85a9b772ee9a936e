package queue

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"time"
)

// A record is what was put. The same bytes are a value in the database and an item in the journal:
//
//	0  version, 1
//	1  zero
//	2  length of the topic, 2 bytes
//	4  CRC-32C of seq and of all but this field, 4 bytes
//	8  wall clock, ms since 1970, 0 if it was not set, 8 bytes
//	16 time since boot, ms, 8 bytes
//	24 boot, 8 bytes
//	32 topic, payload
//
// Numbers are big-endian. The key in the database is seq, 8 bytes big-endian.
type record struct {
	seq     uint64
	at      stamp
	topic   string
	payload []byte
}

const (
	recordVersion = 1
	headerSize    = 32
)

var errRecord = errors.New("damaged record")

// size is what Stats counts: bytes of topic and payload.
func (r record) size() int { return len(r.topic) + len(r.payload) }

// sizeOf is the size of the record that is encoded in value, which may be damaged.
func sizeOf(value []byte) int { return max(0, len(value)-headerSize) }

func key(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func (r record) encode() []byte {
	b := make([]byte, headerSize, headerSize+r.size())
	b[0] = recordVersion
	binary.BigEndian.PutUint16(b[2:], uint16(len(r.topic)))
	binary.BigEndian.PutUint64(b[8:], uint64(r.at.wall))
	binary.BigEndian.PutUint64(b[16:], uint64(r.at.mono))
	binary.BigEndian.PutUint64(b[24:], r.at.boot)
	b = append(append(b, r.topic...), r.payload...)
	binary.BigEndian.PutUint32(b[4:], recordSum(r.seq, b))
	return b
}

// decode returns the record with a copy of its payload, or errRecord.
func decode(seq uint64, b []byte) (record, error) {
	if len(b) < headerSize || b[0] != recordVersion || b[1] != 0 {
		return record{}, fmt.Errorf("%w %d: no version %d", errRecord, seq, recordVersion)
	}
	topic := int(binary.BigEndian.Uint16(b[2:]))
	if headerSize+topic > len(b) || binary.BigEndian.Uint32(b[4:]) != recordSum(seq, b) {
		return record{}, fmt.Errorf("%w %d: wrong checksum", errRecord, seq)
	}
	return record{
		seq: seq,
		at: stamp{
			wall: int64(binary.BigEndian.Uint64(b[8:])),
			mono: int64(binary.BigEndian.Uint64(b[16:])),
			boot: binary.BigEndian.Uint64(b[24:]),
		},
		topic:   string(b[headerSize : headerSize+topic]),
		payload: append([]byte{}, b[headerSize+topic:]...),
	}, nil
}

// recordSum is the checksum of an encoded record under seq; the field that holds it does not count.
func recordSum(seq uint64, b []byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Checksum(key(seq), table)
	sum = crc32.Update(sum, table, b[:4])
	return crc32.Update(sum, table, b[8:])
}

// Stamp is a moment, told in a way that survives a clock that is not set.
type Stamp struct {
	Wall time.Time     // zero while the clock is not set
	Boot string        // names this boot; empty: not known
	Mono time.Duration // since boot
}

// stamp is a Stamp as it is stored: milliseconds, and a hash for the name of the boot.
type stamp struct {
	wall, mono int64
	boot       uint64
}

func (s Stamp) stored() stamp {
	st := stamp{mono: s.Mono.Milliseconds()}
	if !s.Wall.IsZero() {
		st.wall = s.Wall.UnixMilli()
	}
	if s.Boot != "" {
		h := fnv.New64a()
		h.Write([]byte(s.Boot))
		st.boot = h.Sum64()
	}
	return st
}

// age is how long s lies back, as far as can be known: within a boot by the time since boot, else by
// the wall clock if it was set both times, else 0.
func (s stamp) age(now stamp) time.Duration {
	ms := int64(0)
	switch {
	case s.boot != 0 && s.boot == now.boot:
		ms = now.mono - s.mono
	case s.wall != 0 && now.wall != 0:
		ms = now.wall - s.wall
	}
	return time.Duration(max(0, ms)) * time.Millisecond
}
