package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/paird/paird/agent/internal/boltfile"
	bolt "go.etcd.io/bbolt"
)

// The files of a store, besides the key file.
const (
	dbName      = "tokens.db"
	slotAName   = "tokens.a"
	slotBName   = "tokens.b"
	dbAllocated = 64 << 10 // bytes of tokens.db from the start: a refresh needs no space on a full disk
)

// Options say where a store is and what seals it.
type Options struct {
	Dir            string // the state directory; made (0700) if it is not there
	KeySource      string // "auto" (what was used before, else credential, else file), "credential" or "file"
	CredentialsDir string // value of $CREDENTIALS_DIRECTORY; the credential is named paird-key
	Device         string // id of the device: what is sealed opens under no other

	// Probe opens a file that was not cleanly stopped, in a process that may die of it; see Child.
	// nil: the checks of this process alone.
	Probe func(ctx context.Context, path string) error
	Log   *slog.Logger // nil: silent
	Erase []string     // more patterns of names under Dir that Erase removes

	Disk   boltfile.Disk  // for tests: hears of each operation on the disk and may refuse it
	Opened func(*bolt.DB) // for tests: gets each database before it is used
}

func (o Options) path(name string) string { return filepath.Join(o.Dir, name) }

// A Store is one device's grant on disk. Its methods may be called from several goroutines; they run
// one at a time.
type Store struct {
	o  Options
	mu sync.Mutex

	lock     *os.File // of the directory; nil: not yet
	files    *files   // nil: not open
	unsaved  *record  // the newest grant, where only a slot has it and not in full
	degraded error
	notes    []string
	closed   bool
}

// Open locks the state directory and opens the store. ErrLocked: another process has it.
// ErrNewerSchema: left alone. A disk that is full, read-only or not there is no error yet: each
// operation tries again and says so.
func Open(o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{o: o}
	err := s.open()
	if errors.Is(err, ErrLocked) || errors.Is(err, ErrNewerSchema) {
		return nil, errors.Join(err, s.Close())
	}
	if err != nil {
		s.o.Log.Error("the store does not open yet", "err", s.storageError("open", err))
	}
	return s, nil
}

// Close closes the files, marks them as cleanly stopped, and lets go of the directory. The Store is
// of no use then.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	if s.files != nil {
		errs = append(errs, boltfile.Close(s.files.db, s.o.Disk))
		s.files = nil
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
		s.lock = nil
	}
	return errors.Join(errs...)
}

// Health returns what keeps the store from being complete although the last operation was done: a
// grant is durable in one place of two, say. nil: all is well. The next operation tries to mend it.
func (s *Store) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.degraded
}

// Recovered returns what was set aside or put right since it was last called, one line each.
func (s *Store) Recovered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.notes
	s.notes = nil
	return notes
}

func (s *Store) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf(format, args...))
}

// do runs f on the open files. Whatever goes wrong with the disk closes them: after a failed flush
// nobody knows what the disk holds, so the next operation begins by reading it.
func (s *Store) do(op string, f func(*files) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.open()
	if err == nil {
		err = f(s.files)
	}
	return s.failed(op, err)
}

// failed sorts an error: those that say something else than the disk go through as they are.
func (s *Store) failed(op string, err error) error {
	_, sealed := errors.AsType[*SealError](err)
	if err == nil || sealed || errors.Is(err, errCaller) {
		return err
	}
	s.abandon()
	if errors.Is(err, ErrNewerSchema) || errors.Is(err, ErrLocked) {
		return err
	}
	return s.storageError(op, err)
}

// abandon closes the files without the mark of a clean stop.
func (s *Store) abandon() {
	if s.files == nil {
		return
	}
	if err := s.files.db.Close(); err != nil {
		s.o.Log.Warn("closing the store", "err", err)
	}
	s.files = nil
}

// errCaller marks the errors that are the caller's own.
var errCaller = errors.New("store")

var errClosed = fmt.Errorf("%w: closed", errCaller)

// open locks the directory and opens the files, unless that is done.
func (s *Store) open() error {
	if err := s.own(); err != nil {
		return err
	}
	if s.files != nil && same(s.files.db.Path(), s.files.info) {
		return nil
	}
	s.abandon() // or what is written would go to a file that has no name any more
	f, err := s.openFiles()
	if err != nil {
		return err
	}
	s.files = f
	return nil
}

// own makes sure that the directory, the one that has the name now, is this process's.
func (s *Store) own() error {
	if s.closed {
		return errClosed
	}
	if s.lock != nil {
		info, err := s.lock.Stat()
		if err == nil && same(s.o.Dir, info) {
			return nil
		}
		s.abandon()
		if err := s.lock.Close(); err != nil {
			return err
		}
	}
	lock, err := lockDir(s.o.Dir)
	s.lock = lock
	return err
}

// same says whether the path still names that file.
func same(path string, info os.FileInfo) bool {
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, info)
}

// Child returns a Probe for Options (and for the queue) that runs `exe args... PATH`; that process
// has to exit with ProbeMain(PATH).
func Child(exe string, args ...string) func(ctx context.Context, path string) error {
	return boltfile.Child(exe, args...)
}

// ProbeMain opens the bbolt file at path, reads all of it and returns the exit code for a process of
// its own, which a damaged file may kill or hang: 0 sound, 1 damaged, 3 cannot tell.
func ProbeMain(path string) int { return boltfile.ProbeMain(path) }
