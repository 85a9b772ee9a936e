package store

import (
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/paird/paird/agent/internal/statedir"
)

const markerName = "reset"

// MarkReset makes durable that the device is to be erased. ResetMarked says so from then on, after a
// power cut too, until Erase is done.
func (s *Store) MarkReset() error {
	return s.alone("mark the reset", func() error {
		f, err := s.dir.Create(markerName)
		if err != nil {
			return err
		}
		if err := errors.Join(s.dir.SyncFile(f), f.Close()); err != nil {
			return err
		}
		return s.dir.Sync()
	})
}

// ResetMarked reports whether a reset was begun and is not done. It comes before anything else at
// start.
func (s *Store) ResetMarked() (marked bool, err error) {
	err = s.alone("look for a reset", func() error {
		marked, err = s.dir.Exists(markerName)
		return err
	})
	return marked, err
}

// Erase overwrites and removes all that this device was given or has made: key, tokens, what was set
// aside, the queue's files, the metadata and Options.Ours, and at last the mark of MarkReset. Only regular
// files with a name that paird gives are removed. Files that are open elsewhere are closed first. It goes
// through the whole list whatever fails; with an error the mark stays. The lock is kept, and the Store may
// be used again as a new one.
//
// Flash may keep overwritten blocks where only its controller can read them. The secrets in them are sealed; only
// the old block of the key file could open them.
func (s *Store) Erase() error {
	return s.alone("erase", func() error {
		s.copies.abandon()
		s.copies.forget()
		s.copies.notes = nil
		names, err := s.dir.Names()
		if err != nil {
			return err
		}
		e := eraser{s.dir, s.o.Log}
		errs := []error{e.shredAll(names, isKey), e.shredAll(names, s.o.isOurs), s.dir.Sync()}
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return errors.Join(s.dir.Remove(markerName), s.dir.Sync())
	})
}

// forget drops what is known of a grant that is no longer there.
func (c *copies) forget() { c.unsaved, c.degraded, c.unsealed = nil, nil, nil }

// isKey reports whether the file holds, or held, the key: without it the rest is noise already, so it goes
// first.
func isKey(name string) bool { return isFileOf(name, keyFileName) }

func (o Options) isOurs(name string) bool {
	return slices.ContainsFunc([]string{usedName, dbName, slotAName, slotBName, "queue.db", "queue.log", "metadata.json"},
		func(ours string) bool { return isFileOf(name, ours) }) || o.Ours != nil && o.Ours(name)
}

// isFileOf reports whether the name is that of one of our files, of its next version while that is
// written, or of what was set aside.
func isFileOf(name, ours string) bool {
	_, aside := statedir.AsideNumber(name, ours)
	return aside || strings.TrimSuffix(name, ".new") == ours
}

// An eraser overwrites and removes files.
type eraser struct {
	dir *statedir.Dir
	log *slog.Logger
}

// shredAll shreds the files whose name is ours.
func (e eraser) shredAll(names []string, ours func(string) bool) error {
	var errs []error
	for _, name := range names {
		if ours(name) {
			errs = append(errs, e.shred(name))
		}
	}
	return errors.Join(errs...)
}

// shred overwrites a regular file with zeros and removes it, also where a block cannot be overwritten. A file
// with a second name is removed and not overwritten.
func (e eraser) shred(name string) error {
	info, err := e.dir.Lstat(name)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		e.log.Warn("left where it is: not a file that paird made", "path", e.dir.Path(name))
		return nil
	}
	if err := e.overwrite(name, info.Size()); err != nil {
		e.log.Warn("could not overwrite before removing", "path", e.dir.Path(name), "err", err)
	}
	return e.dir.Remove(name)
}

func (e eraser) overwrite(name string, size int64) error {
	f, err := e.dir.Open(name, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := e.dir.WriteAt(f, make([]byte, size), 0); err != nil {
		return err
	}
	return e.dir.SyncFile(f)
}

// PutAside renames tokens.db and the slots to .broken-N, of which the newest two are kept, so that
// the device can be paired again over a grant that does not open. tokens.db goes last: as long as it
// is there a power cut leads back here. The choice between credential and key file is open again then.
func (s *Store) PutAside() error {
	return s.alone("set aside", func() error {
		s.copies.abandon()
		s.copies.forget()
		for _, name := range []string{slotAName, slotBName, dbName} {
			if err := s.putAside(name); err != nil {
				return err
			}
		}
		return errors.Join(s.dir.Remove(usedName), s.dir.Sync())
	})
}

func (s *Store) putAside(name string) error {
	if there, err := s.dir.Exists(name); err != nil || !there {
		return err
	}
	aside, err := s.dir.SetAside(name)
	if err != nil {
		return err
	}
	s.copies.notes = append(s.copies.notes, name+" was set aside as "+aside)
	return nil
}
