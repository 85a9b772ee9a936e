package boltfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

const (
	pageSize  = 4096            // whatever the machine's: a Pi 5's 16 KiB make an append cost 81 KB, not 23
	lockLimit = 2 * time.Second // for another process to let go of the file
	allocSize = 256 << 10       // bytes by which a large file grows; bbolt's default is 16 MiB
	sizeLimit = 64 << 20        // bytes that are read into memory to be checked; more is no file of ours
)

// Errors of Open, beside those of statedir and bbolt's ErrTimeout, if another process has the file open.
var (
	ErrDamaged = errors.New("damaged")                                  // not what bbolt has written: statedir.Dir.SetAside it
	ErrFormat  = errors.New("written in another version of its format") // to be left as it is
)

var collector sync.Mutex // held while the garbage collector of the process is off

// Options say which file to open and how.
type Options struct {
	Dir  *statedir.Dir
	Name string // of the file in Dir

	// Allocate is the size in bytes of a new file. Commits that fit need no space from the file
	// system, so they work on a full disk. 0: four pages.
	Allocate int

	// Probe opens the file in a process that the file may crash, and returns an error if it is damaged. ErrNoVerdict is
	// logged and ignored. See Child. nil: none, and a damaged file may end this process.
	Probe func(ctx context.Context, path string) error
	Log   *slog.Logger

	Opened func(*bolt.DB) // for tests: gets the database before it is used; nil: none
}

// Open opens or creates the bbolt file with the options measured for flash: pages of 4096 bytes, no
// freelist on disk, small growth.
func Open(o Options) (*bolt.DB, error) {
	err := o.check()
	if errors.Is(err, fs.ErrNotExist) {
		err = o.create()
	}
	if err != nil {
		return nil, err
	}
	db, err := o.open(o.Name)
	if err != nil {
		return nil, err
	}
	if err := o.checkSize(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.AllocSize = allocSize
	if o.Opened != nil {
		o.Opened(db)
	}
	return db, nil
}

// check reads all of the file before bbolt maps it: a bad sector is then an error and no SIGBUS. Then it asks the Probe.
func (o Options) check() error {
	_, err := o.Dir.ReadFile(o.Name, sizeLimit)
	switch {
	case errors.Is(err, statedir.ErrNotOurs):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case err != nil || o.Probe == nil:
		return err
	}
	err = o.Probe(context.Background(), o.Dir.Path(o.Name))
	if errors.Is(err, ErrNoVerdict) {
		o.Log.Warn("could not probe the database in a process of its own", "path", o.Dir.Path(o.Name), "err", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// checkSize compares the size of the file with what the meta page says. bbolt writes to free pages by their number and reads
// them where the file is mapped: if they were cut off, that is beyond the mapping, and ends the process.
func (o Options) checkSize(db *bolt.DB) error {
	info, err := o.Dir.Lstat(o.Name)
	if err != nil {
		return err
	}
	return db.View(func(tx *bolt.Tx) error {
		if info.Size() < tx.Size() {
			return fmt.Errorf("%w: %d bytes are left of %d", ErrDamaged, info.Size(), tx.Size())
		}
		return nil
	})
}

// open lets bbolt open the file. If bbolt panics in this goroutine its lock is released.
func (o Options) open(name string) (db *bolt.DB, err error) {
	var file *os.File
	options := &bolt.Options{
		Timeout: lockLimit, PageSize: pageSize, FreelistType: bolt.FreelistMapType, NoFreelistSync: true,
		OpenFile: func(string, int, os.FileMode) (f *os.File, err error) {
			file, err = o.Dir.Open(name, os.O_RDWR)
			return file, err
		},
	}
	err = Guard(func() error {
		db, err = bolt.Open(o.Dir.Path(name), 0o600, options)
		return err
	})
	switch {
	case errors.Is(err, ErrDamaged):
		return nil, errors.Join(err, file.Close())
	case errors.Is(err, berrors.ErrVersionMismatch):
		return nil, fmt.Errorf("%s: %w", o.Dir.Path(name), ErrFormat)
	case err == nil || errors.Is(err, berrors.ErrTimeout) || ofFileSystem(err):
		return db, err
	}
	return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
}

// Guard runs f, which reads a file that was opened and not yet compared with a checksum of the caller's. bbolt's check
// follows page numbers only. A length or offset that leads out of the file is a fault or a panic, which becomes
// ErrDamaged; or it is a pointer into Go's own heap, which ends the process if the garbage collector finds it. So the
// collector is off until f has dropped what it read. Its setting is one for the process, so one f runs at a time.
func Guard(f func() error) (err error) {
	collector.Lock()
	defer collector.Unlock()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: bbolt: %v", ErrDamaged, p)
		}
	}()
	return f()
}

// ofFileSystem reports whether the error is about reaching the file, and not about its content.
func ofFileSystem(err error) bool {
	_, isErrno := errors.AsType[syscall.Errno](err)
	_, isUnsafe := errors.AsType[*statedir.UnsafeError](err)
	return isErrno || isUnsafe
}

// create makes an empty database: bbolt's first pages, and zeros up to the size that is allocated.
func (o Options) create() error {
	temp := o.Name + ".new" // which WriteFile removes
	pages, err := o.firstPages(temp)
	if err != nil {
		return errors.Join(err, o.Dir.Remove(temp))
	}
	rest := make([]byte, max(0, o.Allocate-len(pages)))
	return o.Dir.WriteFile(o.Name, append(pages, rest...))
}

// firstPages are those that bbolt writes to an empty file.
func (o Options) firstPages(temp string) ([]byte, error) {
	f, err := o.Dir.Create(temp)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	db, err := o.open(temp)
	if err != nil {
		return nil, err
	}
	for range 2 { // bbolt's own check does not look into a list of free pages: both metas are to have none
		err = errors.Join(err, db.Update(func(*bolt.Tx) error { return nil }))
	}
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}
