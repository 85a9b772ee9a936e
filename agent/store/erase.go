package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paird/paird/agent/internal/boltfile"
)

const markerName = "reset"

// erased lists what Erase removes, in order: without the key the rest is noise already.
func (o Options) erased() []string {
	return append([]string{
		keyFileName, keyFileName + ".*", "tokens.*", "queue.*", "metadata.json", "metadata.json.*",
	}, o.Erase...)
}

// MarkReset makes durable that the device is to be erased. ResetMarked says so from then on, after a
// power cut too, until Erase is done.
func (s *Store) MarkReset() error {
	return s.alone("mark the reset", func() error {
		f, err := s.o.Disk.Create(s.o.path(markerName))
		if err != nil {
			return err
		}
		if err := errors.Join(s.o.Disk.Sync(f), f.Close()); err != nil {
			return err
		}
		return s.o.Disk.SyncDir(s.o.Dir)
	})
}

// ResetMarked says whether a reset was begun and is not done. It comes before anything else at
// start.
func (s *Store) ResetMarked() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := os.Lstat(s.o.path(markerName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, s.failed("look for a reset", err)
}

// Erase overwrites and removes all that this device was given or has made: key, tokens, what was set
// aside, the queue's files and the metadata, and at last the mark of MarkReset. Whoever has one of
// these files open closes it first. It goes through the whole list whatever fails; with an error the mark
// stays. The lock is kept, and the Store may be used again as a new one.
//
// Flash may keep overwritten blocks where only its controller, or somebody who takes the chip off,
// can read them. They hold nothing in the clear but what the key file's old block would open.
func (s *Store) Erase() error {
	return s.alone("erase", func() error {
		s.abandon()
		s.unsaved, s.degraded, s.notes = nil, nil, nil
		var errs []error
		for _, pattern := range s.o.erased() {
			paths, err := filepath.Glob(filepath.Join(quote(s.o.Dir), pattern))
			errs = append(errs, err)
			for _, path := range paths {
				errs = append(errs, s.shred(path))
			}
		}
		errs = append(errs, s.o.Disk.SyncDir(s.o.Dir))
		if err := errors.Join(errs...); err != nil {
			return err
		}
		return errors.Join(s.o.Disk.Remove(s.o.path(markerName)), s.o.Disk.SyncDir(s.o.Dir))
	})
}

// shred overwrites a file with zeros and removes it; also where a block will not be overwritten.
func (s *Store) shred(path string) error {
	if err := s.overwrite(path); err != nil {
		s.o.Log.Warn("could not overwrite before removing", "path", path, "err", err)
	}
	return s.o.Disk.Remove(path)
}

func (s *Store) overwrite(path string) error {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := s.o.Disk.WriteAt(f, make([]byte, info.Size()), 0); err != nil {
		return err
	}
	return s.o.Disk.Sync(f)
}

// quote makes a directory's name a pattern for itself.
func quote(dir string) string {
	var b []rune
	for _, r := range dir {
		switch r {
		case '*', '?', '[', '\\':
			b = append(b, '\\')
		}
		b = append(b, r)
	}
	return string(b)
}

// PutAside renames tokens.db and the slots to .broken-N, of which the newest two are kept, so that
// the device can be paired again over a grant that does not open. tokens.db goes last: as long as it
// is there a power cut leads back here.
func (s *Store) PutAside() error {
	return s.alone("set aside", func() error {
		s.abandon()
		s.unsaved, s.degraded = nil, nil
		for _, name := range []string{slotAName, slotBName, dbName} {
			if !exists(s.o.path(name)) {
				continue
			}
			aside, err := boltfile.SetAside(s.o.path(name), s.o.Disk)
			if err != nil {
				return err
			}
			s.note("%s was set aside as %s", name, aside)
		}
		return nil
	})
}

// alone runs f with the directory locked and whatever files are open.
func (s *Store) alone(op string, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.own()
	if err == nil {
		err = f()
	}
	return s.failed(op, err)
}
