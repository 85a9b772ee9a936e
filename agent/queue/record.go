package queue

import (
	"encoding/binary"
	"hash/fnv"
	"time"
)

// A record is what was put. In a frame it is an item:
//
//	0  seq, 8 bytes
//	8  wall clock, ms since 1970, 0 if it was not set, 8 bytes
//	16 time since boot, ms, 8 bytes
//	24 boot, 8 bytes
//	32 length of the topic, 2 bytes
//	34 length of the payload, 4 bytes
//	38 topic, payload
//
// Numbers are big-endian. The checksum is the frame's.
type record struct {
	seq     uint64
	at      stamp
	topic   string
	payload []byte
}

const itemHeader = 38

// size is what Stats counts: bytes of topic and payload.
func (r record) size() int { return len(r.topic) + len(r.payload) }

func (r record) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, r.seq)
	b = binary.BigEndian.AppendUint64(b, uint64(r.at.wall))
	b = binary.BigEndian.AppendUint64(b, uint64(r.at.mono))
	b = binary.BigEndian.AppendUint64(b, r.at.boot)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.topic)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.payload)))
	return append(append(b, r.topic...), r.payload...)
}

// cutRecord returns the record at the beginning of items, and what follows it. Its payload is a part of items.
func cutRecord(items []byte) (r record, rest []byte, ok bool) {
	if len(items) < itemHeader {
		return r, nil, false
	}
	topic, payload := uint64(binary.BigEndian.Uint16(items[32:])), uint64(binary.BigEndian.Uint32(items[34:]))
	end := itemHeader + topic + payload
	if end > uint64(len(items)) {
		return r, nil, false
	}
	return record{
		seq: binary.BigEndian.Uint64(items),
		at: stamp{
			wall: int64(binary.BigEndian.Uint64(items[8:])),
			mono: int64(binary.BigEndian.Uint64(items[16:])),
			boot: binary.BigEndian.Uint64(items[24:]),
		},
		topic:   string(items[itemHeader : itemHeader+topic]),
		payload: items[itemHeader+topic : end : end],
	}, items[end:], true
}

// Stamp is a moment, in a form that needs no clock that is set.
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
