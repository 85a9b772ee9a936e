package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

// The files of a store, besides the key file.
const (
	dbName      = "tokens.db"
	slotAName   = "tokens.a"
	slotBName   = "tokens.b"
	dbAllocated = 64 << 10 // bytes of tokens.db from the start: a refresh needs no space on a full disk
)

const lockWait = 2 * time.Second // for a process that is just stopping

// Options say where a store is and what seals it.
type Options struct {
	Dir            string // the state directory; made (0700) if it is not there
	KeySource      string // "auto" (credential, else file), "credential" or "file"
	CredentialsDir string // value of $CREDENTIALS_DIRECTORY; the credential is named paird-key
	Device         string // id of the device: what is sealed opens under no other

	// Probe opens tokens.db in a process that the file may crash; see Child. nil: none, and a damaged file may end this
	// process.
	Probe func(ctx context.Context, path string) error
	Log   *slog.Logger           // nil: silent
	Ours  func(name string) bool // reports further files in Dir that Erase removes; nil: none

	Tap    statedir.Tap   // for tests: called with each operation on the disk, which it may refuse
	Opened func(*bolt.DB) // for tests: gets each database before it is used
}

// A Store is one device's grant on disk. Its methods may be called from several goroutines; they run
// one at a time.
type Store struct {
	o      Options
	mu     sync.Mutex
	dir    *statedir.Dir // locked; nil: not open
	copies copies
	closed bool
}

// Open locks the state directory and opens the store. ErrLocked: another process has it.
// ErrNewerSchema: it is left as it is. A disk that is full, read-only or not there is no error yet, nor
// is a directory that is not safe to use: each operation tries again and returns it.
func Open(o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{o: o, copies: copies{o: o}}
	err := s.open()
	if errors.Is(err, ErrLocked) || errors.Is(err, ErrNewerSchema) {
		return nil, errors.Join(err, s.Close())
	}
	if err != nil {
		s.o.Log.Error("the store does not open yet", "err", storageError("open", o.Dir, err))
	}
	return s, nil
}

// Close closes the files and unlocks the directory. The Store is of no use then.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	err := s.copies.close()
	if s.dir != nil {
		err = errors.Join(err, s.dir.Close())
		s.dir = nil
	}
	return err
}

// Health returns what is wrong with the store although the last operation succeeded, for instance that the
// grant is durable in one place of two. nil: all is well. The next operation tries to mend it.
func (s *Store) Health() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.copies.degraded != nil {
		return s.copies.degraded
	}
	return s.copies.unsealed
}

// Recovered returns what was set aside or put right since it was last called, one line each.
func (s *Store) Recovered() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.copies.notes
	s.copies.notes = nil
	return notes
}

// errCaller marks the errors that are the caller's own.
var errCaller = errors.New("store")

var errClosed = fmt.Errorf("%w: closed", errCaller)

// do runs f on the open copies. Whatever fails on the disk closes them: after a failed flush it is
// not known what the disk holds, so the next operation begins by reading it.
func (s *Store) do(op string, f func(*copies) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.open()
	if err == nil {
		err = f(&s.copies)
	}
	return s.failed(op, err)
}

// alone runs f with the directory locked and whatever files are open.
func (s *Store) alone(op string, f func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.lock()
	if err == nil {
		err = f()
	}
	return s.failed(op, err)
}

// failed makes a StorageError of an error of the disk. Other errors stay as they are.
func (s *Store) failed(op string, err error) error {
	_, sealed := errors.AsType[*SealError](err)
	if err == nil || sealed || errors.Is(err, errCaller) {
		return err
	}
	s.copies.abandon()
	if errors.Is(err, ErrNewerSchema) || errors.Is(err, ErrLocked) {
		return err
	}
	return storageError(op, s.o.Dir, err)
}

// open locks the directory and opens the files, unless that is done.
func (s *Store) open() error {
	if err := s.lock(); err != nil {
		return err
	}
	if s.copies.current() {
		return nil
	}
	s.copies.abandon() // or what is written would go to a file that has no name any more
	return s.copies.open(s.dir)
}

// lock makes sure that the directory, the one that has the name now, is this process's.
func (s *Store) lock() error {
	if s.closed {
		return errClosed
	}
	if s.dir != nil {
		if s.dir.Current() {
			return nil
		}
		s.copies.abandon()
		err := s.dir.Close()
		if s.dir = nil; err != nil {
			return err
		}
	}
	dir, err := statedir.Make(s.o.Dir, s.o.Tap)
	if err != nil {
		return err
	}
	if err := dir.Lock(lockWait); err != nil {
		return errors.Join(err, dir.Close())
	}
	s.dir = dir
	return nil
}

// Child returns a Probe for Options that runs `exe args... PATH`; that process
// has to exit with ProbeMain(PATH).
func Child(exe string, args ...string) func(ctx context.Context, path string) error {
	return boltfile.Child(exe, args...)
}

// ProbeMain opens the bbolt file at path, reads all of it and returns the exit code for a process of
// its own, which a damaged file may kill or hang: 0 sound, 1 damaged, 3 cannot say.
func ProbeMain(path string) int { return boltfile.ProbeMain(path) }
