package queue

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"strings"
)

// The queue as it was before the log of segments: a database, and a journal of what was not in it yet.
const (
	formerFile    = "queue.db"
	formerJournal = "queue.log"
	formerErased  = "queue.db.new"
	formerBatch   = spillBytes // of records that are read at once
)

// errUseless: a former queue that cannot be read another time either.
var errUseless = errors.New("the queue of a former version cannot be read")

// formerQueue is an open one.
type formerQueue struct {
	state        // Cursor, Out and Unread are not in it
	Lap   uint64 `json:"lap"` // of the journal
	scan  func(bucket string, from []byte, visit func(k, v []byte) bool) error
	close func() error
	log   []formerRecord // of the journal
}

// A formerRecord was a value of the bucket "records", under seq, and an item of the journal:
//
//	0  version 1, zero
//	2  length of the topic, 2 bytes
//	4  CRC-32C of seq and of all but this field, 4 bytes
//	8  wall clock, time since boot, boot, topic and payload, as in a record of today from 8 and from 38 on
type formerRecord struct {
	record
	damaged bool // only seq is known
}

func parseFormer(seq uint64, b []byte) formerRecord {
	const header = 32
	bad := formerRecord{record{seq: seq}, true}
	if len(b) < header || b[0] != 1 {
		return bad
	}
	sum := crc32.Checksum(binary.BigEndian.AppendUint64(nil, seq), castagnoli)
	sum = crc32.Update(crc32.Update(sum, castagnoli, b[:4]), castagnoli, b[8:])
	topic := int(binary.BigEndian.Uint16(b[2:]))
	if sum != binary.BigEndian.Uint32(b[4:]) || header+topic > len(b) {
		return bad
	}
	item := binary.BigEndian.AppendUint64(nil, seq)
	item = append(item, b[8:header]...)
	item = append(item, b[2:4]...)
	item = binary.BigEndian.AppendUint32(item, uint32(len(b)-header-topic))
	r, _, ok := cutRecord(append(item, b[header:]...))
	return formerRecord{r, !ok}
}

// readState leaves nothing for a database that nothing was written to.
func (f *formerQueue) readState() error {
	var text []byte
	sound := true
	err := f.scan("meta", []byte("state"), func(_, v []byte) bool {
		sound = len(v) > 4 && binary.BigEndian.Uint32(v) == crc32.Checksum(v[4:], castagnoli)
		text = append(text, v...)
		return false
	})
	if err != nil || text == nil {
		return err
	}
	if !sound || json.Unmarshal(text[4:], f) != nil {
		return fmt.Errorf("%w: its state is damaged", errUseless)
	}
	return nil
}

// stored returns some records of the database, from seq on.
func (f *formerQueue) stored(seq uint64) (found []formerRecord, err error) {
	size := 0
	err = f.scan("records", binary.BigEndian.AppendUint64(nil, seq), func(k, v []byte) bool {
		if len(k) == 8 {
			found = append(found, parseFormer(binary.BigEndian.Uint64(k), v))
		}
		size += len(v)
		return size < formerBatch
	})
	return found, err
}

// move appends to l what follows s, and keeps s up to date: its Next is that of the record that would come next.
func (f *formerQueue) move(l *segments, s *state) error {
	for {
		found, err := f.stored(s.Next)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return s.move(l, f.log)
		}
		if err := s.move(l, found); err != nil {
			return err
		}
	}
}

func (s *state) move(l *segments, found []formerRecord) error {
	var sound ring
	for _, r := range found {
		switch {
		case r.seq < s.Next: // acknowledged, or moved
		case r.damaged:
			s.Dropped++
			s.Gaps.add(gap{From: r.seq, To: r.seq, N: 1}, func(_, _ uint64) bool { return true })
		default:
			sound = append(sound, &entry{record: r.record})
		}
	}
	for len(sound) > 0 {
		group := sound.upTo(l.capacity())
		sound = sound[len(group):]
		s.Next, s.Unread = group[len(group)-1].seq+1, s.Unread+len(group)
		if err := l.append(s.encode(), group); err != nil {
			return err
		}
	}
	if n := len(found); n > 0 {
		s.Next = max(s.Next, found[n-1].seq+1)
	}
	return nil
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
func (f *formerQueue) readJournal(b []byte) {
	const header = 32
	for at := 0; at+header <= len(b); at += blockSize {
		h := b[at:]
		end := header + uint64(binary.BigEndian.Uint32(h[8:]))
		lap := binary.BigEndian.Uint64(h[16:])
		if string(h[:4]) != "PQJ1" || int(binary.BigEndian.Uint32(h[12:])) != at/blockSize || lap < f.Lap ||
			binary.BigEndian.Uint64(h[24:]) != streamSign(f.Stream) || end > uint64(len(h)) ||
			crc32.Checksum(h[8:end], castagnoli) != binary.BigEndian.Uint32(h[4:]) {
			continue
		}
		if lap > f.Lap {
			f.Lap, f.log = lap, nil
		}
		f.readItems(h[header:end])
	}
}

func (f *formerQueue) readItems(items []byte) {
	const header = 12
	for len(items) >= header {
		size := header + uint64(binary.BigEndian.Uint32(items[8:]))
		if size > uint64(len(items)) {
			return
		}
		f.log = append(f.log, parseFormer(binary.BigEndian.Uint64(items), items[header:size]))
		items = items[size:]
	}
}

// streamSign is the first eight of the random bytes that a stream spells in base32 (RFC 4648 section 6).
func streamSign(stream string) (sign uint64) {
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
