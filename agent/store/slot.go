package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A slot is a file that is overwritten in place, in turn with another: 4 KiB and one flush make a
// grant durable, on a full disk too. Its layout:
//
//	0  "PAIRDSLT"
//	8  version of the writer, uint16, big-endian as all below
//	10 oldest version that may read it, uint16
//	12 length of the payload, uint32
//	16 generation, uint64
//	24 SHA-256 of bytes 0-23 and the payload
//	56 payload: JSON of slotPayload
//	12288 the journal
//
// The older of the two is the one written, so a torn write costs nothing.
const (
	slotSize   = 16 << 10 // bytes allocated from the start; a record that needs more makes the file grow
	slotMagic  = "PAIRDSLT"
	slotHeader = 56
	slotLimit  = 1 << 20 // bytes; no grant is as large as that
)

type slot struct {
	name    string
	gen     uint64 // 0: empty or damaged
	payload slotPayload
	journal []byte
	damaged bool  // it was written, and cannot be used
	err     error // of the disk, if it could not be read
}

// slotPayload carries the wrapped data key too: a slot can be opened when nothing else is left.
type slotPayload struct {
	Ring   *ring  `json:"ring"`
	Sealed []byte `json:"sealed"`
}

// slotBody is what is sealed: what a device needs to go on when tokens.db is lost.
type slotBody struct {
	Grant *Grant    `json:"grant"` // nil: forgotten
	Key   []byte    `json:"key,omitempty"`
	Floor time.Time `json:"floor,omitzero"`
}

// encode returns the slot's bytes.
func (p slotPayload) encode(gen uint64) ([]byte, error) {
	payload, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, slotHeader+len(payload)), slotMagic...)
	b = binary.BigEndian.AppendUint16(b, schemaVersion)
	b = binary.BigEndian.AppendUint16(b, schemaCompat)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.BigEndian.AppendUint64(b, gen)
	b = append(b, slotSum(b, payload)...)
	return append(b, payload...), nil
}

func slotSum(head, payload []byte) []byte {
	h := sha256.New()
	h.Write(head)
	h.Write(payload)
	return h.Sum(nil)
}

// decodeSlot reads a slot's bytes. A slot never written has generation 0 and is no error.
func decodeSlot(b []byte) (gen uint64, p slotPayload, err error) {
	if len(b) < slotHeader {
		return 0, p, errors.New("too short")
	}
	if len(bytes.TrimLeft(b[:slotHeader], "\x00")) == 0 {
		return 0, p, nil
	}
	if string(b[:8]) != slotMagic {
		return 0, p, errors.New("damaged header")
	}
	size := binary.BigEndian.Uint32(b[12:])
	if uint64(size) > uint64(len(b)-slotHeader) {
		return 0, p, errors.New("damaged header")
	}
	payload := b[slotHeader:][:size]
	if !bytes.Equal(slotSum(b[:24], payload), b[24:slotHeader]) {
		return 0, p, errors.New("wrong checksum")
	}
	if binary.BigEndian.Uint16(b[10:]) > schemaVersion {
		return 0, p, ErrNewerSchema
	}
	if err := json.Unmarshal(payload, &p); err != nil || p.Ring == nil {
		return 0, p, fmt.Errorf("damaged payload: %w", err)
	}
	return binary.BigEndian.Uint64(b[16:]), p, nil
}
