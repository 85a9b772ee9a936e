package boltfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// options are those of x.db in that folder.
func options(t testing.TB, path string) boltfile.Options {
	t.Helper()
	dir, err := statedir.Open(filepath.Dir(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return boltfile.Options{Dir: dir, Name: filepath.Base(path), Log: slog.New(slog.DiscardHandler)}
}

// made returns the path of a database with n commits.
func made(t testing.TB, n int) string {
	t.Helper()
	path := filepath.Join(crashtest.Dir(t), "x.db")
	o := options(t, path)
	db, err := boltfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	w := workload{rand.New(rand.NewPCG(1, 1))}
	for k := range n {
		if err := w.commit(db, k); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// reopened opens the file, reads the number of its commit, and closes it.
func reopened(o boltfile.Options) (k int, err error) {
	db, err := boltfile.Open(o)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	k, _, err = content(db)
	return k, err
}

// Each start asks the probe, but for the one that makes the file.
func TestEachStartIsProbed(t *testing.T) {
	probed := 0
	o := options(t, filepath.Join(crashtest.Dir(t), "x.db"))
	o.Probe = func(context.Context, string) error { probed++; return nil }
	for start := range 3 {
		if _, err := reopened(o); err != nil || probed != start {
			t.Errorf("start %d: %d probes, %v", start, probed, err)
		}
	}
}

func TestProbesVerdictCounts(t *testing.T) {
	bad := errors.New("it dies of it")
	for _, c := range []struct {
		name    string
		verdict error
		damaged bool
	}{
		{"sound", nil, false},
		{"no verdict", fmt.Errorf("%w: no such program", boltfile.ErrNoVerdict), false},
		{"bad", bad, true},
	} {
		path := made(t, 5)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o := options(t, path)
		o.Probe = func(ctx context.Context, probed string) error {
			if probed != path {
				t.Errorf("%s: probe of %s", c.name, probed)
			}
			return c.verdict
		}
		k, err := reopened(o)
		if !c.damaged {
			if k != 4 || err != nil {
				t.Errorf("%s: commit %d, %v", c.name, k, err)
			}
			continue
		}
		if !errors.Is(err, boltfile.ErrDamaged) || !errors.Is(err, bad) {
			t.Errorf("%s: %v", c.name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("%s: the file was changed, %v", c.name, err)
		}
	}
}

func TestWhatIsNoDatabaseIsDamaged(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"a folder":       func(path string) error { return os.Mkdir(path, 0o700) },
		"a link":         func(path string) error { return os.Symlink("nowhere", path) },
		"text":           func(path string) error { return os.WriteFile(path, []byte("text"), 0o600) },
		"another format": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("SQLite"), 9000), 0o600) },
		"huge":           func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
	} {
		path := filepath.Join(crashtest.Dir(t), "x.db")
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		if k, err := reopened(options(t, path)); !errors.Is(err, boltfile.ErrDamaged) {
			t.Errorf("%s: commit %d, %v", name, k, err)
		}
	}
}

func TestAnotherProcessHasIt(t *testing.T) {
	path := made(t, 1)
	o := options(t, path)
	db, err := boltfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := boltfile.Open(o)
		if !errors.Is(err, berrors.ErrTimeout) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited < time.Second || waited > 3*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestOptionsAreThoseMeasured(t *testing.T) {
	path := filepath.Join(crashtest.Dir(t), "x.db")
	o := options(t, path)
	o.Allocate = 64 << 10
	db, err := boltfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if info, err := os.Stat(path); err != nil || info.Size() != 64<<10 || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info, err)
	}
	if db.Info().PageSize != 4096 || !db.NoFreelistSync || db.FreelistType != bolt.FreelistMapType || db.AllocSize != 256<<10 {
		t.Errorf("page size %d, %+v", db.Info().PageSize, db)
	}
}

func TestErrorsOfTheFileSystemAreNotDamage(t *testing.T) {
	for _, kind := range []statedir.Kind{statedir.Lookup, statedir.OpenFile, statedir.ReadFile} {
		path := made(t, 2)
		dir, err := statedir.Open(filepath.Dir(path), func(op statedir.Op) error {
			if op.Kind == kind {
				return syscall.EIO
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		o := options(t, path)
		o.Dir = dir
		if _, err := boltfile.Open(o); !errors.Is(err, syscall.EIO) || errors.Is(err, boltfile.ErrDamaged) {
			t.Errorf("operation %d refused: %v", kind, err)
		}
		dir.Close()
	}
}
