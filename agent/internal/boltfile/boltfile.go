package boltfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	lockLimit  = 2 * time.Second // for another process to let go of the file
	probeLimit = 2 * time.Second // for a probe: a damaged file can make bbolt hang
	allocSize  = 256 << 10       // bytes by which a large file grows; bbolt's 16 MiB defeat a small MaxSize
	sizeLimit  = 256 << 20       // bytes that are read into memory to be checked, or twice MaxSize; more is no file of ours
)

// Options say which file to open and how.
type Options struct {
	Path    string
	MaxSize int // bytes the file may grow to; 0: no limit

	// Allocate is the size in bytes of a new file. Commits that fit need no space from the file
	// system, so they work on a full disk. 0: four pages.
	Allocate int

	// Probe opens a file that was not cleanly stopped, in a process that may die of it, and
	// returns an error if it is damaged. An error that is ErrNoVerdict is logged and ignored. See
	// Child. nil: the checks of this process alone.
	Probe func(ctx context.Context, path string) error
	Log   *slog.Logger // nil: silent

	Disk   Disk           // for tests: hears of what is written, but for what bbolt itself writes
	Opened func(*bolt.DB) // for tests: gets each database before anybody writes to it
}

// Report says what Open had to do.
type Report struct {
	Created     bool   // there was no file, or no usable one
	Reverted    bool   // the newest commit was damaged: the one before is current now
	Quarantined string // path of the file set aside, or of its copy if Reverted; empty: none
	Reason      string // why it was set aside, in one line; empty where nothing was
}

// Open opens or creates the bbolt file at o.Path with the options measured for flash: pages of 4096
// bytes, no freelist on disk, small growth. A damaged file is put right or aside, which is no error but
// told in the Report. Errors are those of the file system, ErrFormat, and bolt.ErrTimeout if
// another process has the file open. Close it by Close.
func Open(o Options) (*bolt.DB, Report, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r, err := o.prepare()
	if err != nil {
		return nil, r, err
	}
	db, err := o.open(o.Path)
	if damage, ok := errors.AsType[*damageError](err); ok {
		if err := o.replace(&r, damage); err != nil {
			return nil, r, err
		}
		db, err = o.open(o.Path)
	}
	if err != nil {
		return nil, r, err
	}
	db.AllocSize = allocSize
	if o.Opened != nil {
		o.Opened(db)
	}
	return db, r, nil
}

// A damageError is about the content of the file, not about reaching it.
type damageError struct{ reason error }

func (e *damageError) Error() string { return e.reason.Error() }
func (e *damageError) Unwrap() error { return e.reason }

// prepare leaves a file under o.Path that bbolt can open.
func (o Options) prepare() (Report, error) {
	var r Report
	img, err := read(o.Path, max(sizeLimit, 2*int64(o.MaxSize)))
	if errors.Is(err, fs.ErrNotExist) {
		r.Created = true
		return r, o.create()
	}
	metas := []meta{}
	if err == nil {
		metas, err = o.check(img)
	}
	damage, ok := errors.AsType[*damageError](err)
	switch {
	case !ok:
		return r, err
	case len(metas) == 2 && verify(img, metas[1]) == nil:
		return r, o.revert(&r, img, metas[0], damage)
	}
	return r, o.replace(&r, damage)
}

// check returns the metas of the image, and a *damageError unless the newest is good.
func (o Options) check(img []byte) ([]meta, error) {
	metas, err := parseMetas(img)
	if errors.Is(err, ErrFormat) {
		return nil, fmt.Errorf("%s: %w", o.Path, ErrFormat)
	}
	if err != nil {
		return nil, &damageError{err}
	}
	if err := verify(img, metas[0]); err != nil {
		return metas, &damageError{err}
	}
	if isClean(img, metas[0]) {
		return metas, nil
	}
	return metas, o.probe()
}

// probe asks the Probe, if there is one, for its verdict.
func (o Options) probe() error {
	if o.Probe == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), probeLimit)
	defer cancel()
	err := o.Probe(ctx, o.Path)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNoVerdict):
		o.Log.Warn("could not probe the database in a process of its own", "path", o.Path, "err", err)
		return nil
	}
	return &damageError{err}
}

// read returns the whole file. It is read, not mapped: a bad sector is then an error and no SIGBUS.
func read(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, &damageError{fmt.Errorf("%s: no database but %v, %d bytes", path, info.Mode().Type(), info.Size())}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	// After a flush that failed the page cache may hold what the disk does not.
	forgetCached(f)
	img := make([]byte, info.Size())
	_, err = io.ReadFull(f, img)
	if errors.Is(err, syscall.EIO) {
		return nil, &damageError{err}
	}
	return img, err
}

// open lets bbolt open the file. Where bbolt panics all the same its lock is let go of.
func (o Options) open(path string) (db *bolt.DB, err error) {
	var file *os.File
	defer func() {
		if p := recover(); p != nil {
			db, err = nil, errors.Join(&damageError{fmt.Errorf("bbolt: %v", p)}, file.Close())
		}
	}()
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockLimit, PageSize: pageSize, FreelistType: bolt.FreelistMapType,
		NoFreelistSync: true, MaxSize: o.MaxSize,
		OpenFile: func(name string, flag int, perm os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, perm)
			file = f
			return f, err
		},
	})
	return db, err
}
