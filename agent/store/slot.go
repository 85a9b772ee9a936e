package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
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
	path    string
	gen     uint64 // 0: empty or damaged
	payload slotPayload
	journal []byte
	damaged bool
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

// essence is the part of the grant that goes into a slot, without what the refresh token buys anew.
// Where there is no refresh token it is all of it.
func essence(g *Grant) *Grant {
	if g == nil || g.RefreshToken == "" {
		return g
	}
	e := *g
	e.AccessToken, e.IDToken, e.Expiry = "", "", time.Time{}
	return &e
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

// readSlot reads a slot. Damage is told and counts as empty, as a power cut during a write leaves
// it; the only errors are ErrNewerSchema and the want of permission.
func (s *Store) readSlot(name string) (slot, error) {
	sl := slot{path: s.o.path(name)}
	b, err := readFile(sl.path)
	if err == nil {
		sl.gen, sl.payload, err = decodeSlot(b)
		sl.journal = b[min(len(b), journalAt):min(len(b), journalAt+journalSize)]
	}
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return sl, nil
	case errors.Is(err, ErrNewerSchema) || errors.Is(err, fs.ErrPermission):
		return sl, err
	}
	s.o.Log.Warn("a slot of the grant is damaged, the other one counts", "path", sl.path, "reason", err)
	sl.damaged = true
	return sl, nil
}

// readFile reads a regular file of a sensible size.
func readFile(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > slotLimit {
		return nil, fmt.Errorf("%s: no slot but %v, %d bytes", path, info.Mode().Type(), info.Size())
	}
	return os.ReadFile(path)
}

// write makes the record durable in this slot, in place.
func (sl *slot) write(d boltfile.Disk, gen uint64, p slotPayload) error {
	b, err := p.encode(gen)
	if err != nil {
		return err
	}
	sl.gen = 0 // until it is known to be whole
	if err := sl.writeAt(d, b, 0); err != nil {
		return err
	}
	sl.gen, sl.payload = gen, p
	return nil
}

// writeAt makes b durable at that place of the file.
func (sl *slot) writeAt(d boltfile.Disk, b []byte, off int64) error {
	if err := sl.allocate(d); err != nil {
		return err
	}
	f, err := os.OpenFile(sl.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := d.WriteAt(f, b, off); err != nil {
		return err
	}
	return d.Sync(f)
}

// allocate makes the file, of zeros, if there is none; what is no file is set aside.
func (sl *slot) allocate(d boltfile.Disk) error {
	info, err := os.Lstat(sl.path)
	switch {
	case err == nil && info.Mode().IsRegular():
		return nil
	case err == nil:
		if _, err := boltfile.SetAside(sl.path, d); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return d.WriteFile(sl.path, make([]byte, slotSize))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
