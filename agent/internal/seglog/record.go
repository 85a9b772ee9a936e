package seglog

import "encoding/binary"

// A Record is a message. In a frame it is an item:
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
type Record struct {
	Seq     uint64
	At      Stamp
	Topic   string
	Payload []byte
}

// A Stamp is a moment. A zero value stands for one that is not known.
type Stamp struct {
	Wall int64  // ms since 1970
	Mono int64  // ms since boot
	Boot uint64 // names the boot
}

const itemHeader = 38

// Size is the bytes of topic and payload.
func (r Record) Size() int { return len(r.Topic) + len(r.Payload) }

// Encoded is the bytes that the record takes of a frame.
func (r Record) Encoded() int { return itemHeader + r.Size() }

func (r Record) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, r.Seq)
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.Wall))
	b = binary.BigEndian.AppendUint64(b, uint64(r.At.Mono))
	b = binary.BigEndian.AppendUint64(b, r.At.Boot)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Topic)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(r.Payload)))
	return append(append(b, r.Topic...), r.Payload...)
}

// cutRecord returns the record at the beginning of items, and what follows it. Its payload is a part of items.
func cutRecord(items []byte) (r Record, rest []byte, ok bool) {
	if len(items) < itemHeader {
		return r, nil, false
	}
	topic, payload := uint64(binary.BigEndian.Uint16(items[32:])), uint64(binary.BigEndian.Uint32(items[34:]))
	end := itemHeader + topic + payload
	if end > uint64(len(items)) {
		return r, nil, false
	}
	return Record{
		Seq: binary.BigEndian.Uint64(items),
		At: Stamp{
			Wall: int64(binary.BigEndian.Uint64(items[8:])),
			Mono: int64(binary.BigEndian.Uint64(items[16:])),
			Boot: binary.BigEndian.Uint64(items[24:]),
		},
		Topic:   string(items[itemHeader : itemHeader+topic]),
		Payload: items[itemHeader+topic : end : end],
	}, items[end:], true
}
