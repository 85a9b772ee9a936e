package store

import (
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"syscall"

	"github.com/paird/paird/agent/internal/statedir"
)

// A slotPair is tokens.a and tokens.b.
type slotPair struct {
	dir *statedir.Dir
	log *slog.Logger
	two [2]slot
}

// readSlots reads both. A damaged slot counts as empty, as a power cut during a write leaves it. The
// only errors are ErrNewerSchema, *statedir.UnsafeError and the want of permission.
func readSlots(dir *statedir.Dir, log *slog.Logger) (*slotPair, error) {
	p := &slotPair{dir: dir, log: log}
	for i, name := range []string{slotAName, slotBName} {
		p.two[i].name = name
		if err := p.read(&p.two[i]); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *slotPair) read(sl *slot) error {
	b, err := p.dir.ReadFile(sl.name, slotLimit)
	if err == nil {
		sl.gen, sl.payload, err = decodeSlot(b)
		sl.journal = b[min(len(b), journalAt):min(len(b), journalAt+journalSize)]
	}
	_, unsafe := errors.AsType[*statedir.UnsafeError](err)
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, ErrNewerSchema) || errors.Is(err, fs.ErrPermission) || unsafe:
		return err
	}
	p.log.Warn("a slot of the grant is damaged, the other one counts", "path", p.dir.Path(sl.name), "reason", err)
	sl.damaged = true
	if _, ofDisk := errors.AsType[syscall.Errno](err); ofDisk {
		sl.err = err
	}
	return nil
}

// unreadable returns the disk's error, if it did not give one of the slots.
func (p *slotPair) unreadable() error { return errors.Join(p.two[0].err, p.two[1].err) }

// newest returns the slot with the highest generation, nil if both are empty.
func (p *slotPair) newest() *slot {
	newest := &p.two[0]
	if p.two[1].gen > newest.gen {
		newest = &p.two[1]
	}
	if newest.gen == 0 {
		return nil
	}
	return newest
}

// next returns the slot to write: the one that is not the newest.
func (p *slotPair) next() *slot {
	if p.two[0].gen > p.two[1].gen {
		return &p.two[1]
	}
	return &p.two[0]
}

// body opens the newest slot that opens; gen 0 if none does. A slot that does not open under this data key
// was left by another store and counts as empty.
func (p *slotPair) body(s *sealer) (body slotBody, gen uint64) {
	for {
		sl := p.newest()
		if sl == nil {
			return slotBody{}, 0
		}
		plain, err := s.open(slotLocation(sl.gen), sl.payload.Sealed)
		if err == nil {
			err = json.Unmarshal(plain, &body)
		}
		if err == nil {
			return body, sl.gen
		}
		p.log.Warn("a slot does not open under the data key in use", "path", p.dir.Path(sl.name))
		sl.gen = 0
	}
}

// write makes the body durable in this slot, in place.
func (p *slotPair) write(sl *slot, gen uint64, r *ring, s *sealer, body slotBody) error {
	plain, err := json.Marshal(body)
	if err != nil {
		return err
	}
	payload := slotPayload{Ring: r, Sealed: s.seal(slotLocation(gen), plain)}
	b, err := payload.encode(gen)
	if err != nil {
		return err
	}
	sl.gen = 0 // until it is known to be whole
	if err := p.writeAt(sl, b, 0); err != nil {
		return err
	}
	sl.gen, sl.payload = gen, payload
	return nil
}

// writeJournal makes the block durable.
func (p *slotPair) writeJournal(sl *slot, block []byte) error {
	sl.journal = nil
	if err := p.writeAt(sl, block, journalAt); err != nil {
		return err
	}
	sl.journal = block
	return nil
}

func (p *slotPair) writeAt(sl *slot, b []byte, off int64) error {
	if err := p.allocateOne(sl); err != nil {
		return err
	}
	f, err := p.dir.Open(sl.name, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := p.dir.WriteAt(f, b, off); err != nil {
		return err
	}
	return p.dir.SyncFile(f)
}

// allocate makes the files, of zeros, where there are none. What is no file is set aside.
func (p *slotPair) allocate() error {
	return errors.Join(p.allocateOne(&p.two[0]), p.allocateOne(&p.two[1]))
}

func (p *slotPair) allocateOne(sl *slot) error {
	info, err := p.dir.Lstat(sl.name)
	switch {
	case err == nil && info.Mode().IsRegular():
		return nil
	case err == nil:
		if _, err := p.dir.SetAside(sl.name); err != nil {
			return err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return p.dir.WriteFile(sl.name, make([]byte, slotSize))
}
