package boltfile_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// made returns the path of a database with n commits, stopped cleanly or not.
func made(t testing.TB, n int, cleanly bool) string {
	t.Helper()
	path := filepath.Join(crashtest.Dir(t), "x.db")
	db, r, err := boltfile.Open(boltfile.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Created {
		t.Fatal("not told that it was created")
	}
	w := workload{rand.New(rand.NewPCG(1, 1))}
	for k := range n {
		if err := w.commit(db, k); err != nil {
			t.Fatal(err)
		}
	}
	stop := db.Close
	if cleanly {
		stop = func() error { return boltfile.Close(db, boltfile.Disk{}) }
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	return path
}

// reopened opens the file, reads the number of its commit, closes it without a mark and returns what Open
// reported.
func reopened(t testing.TB, o boltfile.Options) (k int, r boltfile.Report) {
	t.Helper()
	db, r, err := boltfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	k, _, err = content(db)
	if err != nil {
		t.Fatal(err)
	}
	return k, r
}

func edit(t testing.TB, path string, change func([]byte)) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	change(b)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProbeOnlyAfterAnUncleanStop(t *testing.T) {
	probed := 0
	probe := func(context.Context, string) error { probed++; return nil }
	path := made(t, 5, true)
	for _, step := range []struct {
		name   string
		before func()
		probes int
	}{
		{"after a clean stop", func() {}, 0},
		{"after a start without a commit", func() {}, 0},
		{"after a flipped bit in a free place", func() {
			edit(t, path, func(b []byte) { b[2*4096-600] ^= 1 })
		}, 1},
		{"after a commit", func() {
			db, _, err := boltfile.Open(boltfile.Options{Path: path})
			if err := errors.Join(err, twoMore(db), db.Close()); err != nil {
				t.Fatal(err)
			}
		}, 1},
	} {
		step.before()
		probed = 0
		if k, r := reopened(t, boltfile.Options{Path: path, Probe: probe}); k < 4 || r != (boltfile.Report{}) {
			t.Errorf("%s: commit %d, %+v", step.name, k, r)
		}
		if probed != step.probes {
			t.Errorf("%s: %d probes, want %d", step.name, probed, step.probes)
		}
	}
}

func TestProbesVerdictCounts(t *testing.T) {
	bad := errors.New("it dies of it")
	for _, c := range []struct {
		name     string
		probe    func(calls int) error
		commit   int
		reverted bool
		created  bool
	}{
		{"sound", func(int) error { return nil }, 4, false, false},
		{"no verdict", func(int) error { return fmt.Errorf("%w: no such program", boltfile.ErrNoVerdict) }, 4, false, false},
		{"newest commit bad", func(calls int) error {
			if calls == 1 {
				return bad
			}
			return nil
		}, 3, true, false},
		{"all bad", func(int) error { return bad }, -1, false, true},
	} {
		path := made(t, 5, false)
		calls := 0
		probe := func(ctx context.Context, probed string) error {
			calls++
			if _, limited := ctx.Deadline(); !limited || probed != path {
				t.Errorf("%s: probe of %s, limited: %t", c.name, probed, limited)
			}
			return c.probe(calls)
		}
		k, r := reopened(t, boltfile.Options{Path: path, Probe: probe})
		if k != c.commit || r.Reverted != c.reverted || r.Created != c.created {
			t.Errorf("%s: commit %d, %+v", c.name, k, r)
		}
		if told := c.reverted || c.created; (r.Quarantined != "") != told || (r.Reason != "") != told {
			t.Errorf("%s: told %+v", c.name, r)
		}
	}
}

func TestDamagedCommitIsTakenBack(t *testing.T) {
	path := made(t, 5, false)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	root := boltfile.NewestRoot(before)
	edit(t, path, func(b []byte) { clear(b[root*4096 : (root+1)*4096]) })
	damaged, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	k, r := reopened(t, boltfile.Options{Path: path})
	if k != 3 || !r.Reverted || r.Created {
		t.Errorf("commit %d, %+v", k, r)
	}
	if copied, err := os.ReadFile(r.Quarantined); err != nil || string(copied) != string(damaged) {
		t.Errorf("the copy is not what was found: %v", err)
	}
	if k, r := reopened(t, boltfile.Options{Path: path}); k != 3 || r != (boltfile.Report{}) {
		t.Errorf("the second time: commit %d, %+v", k, r)
	}
}

func TestTwoBrokenFilesAreKept(t *testing.T) {
	path := made(t, 5, false)
	for range 4 {
		edit(t, path, func(b []byte) { clear(b[:8192]) })
		k, r := reopened(t, boltfile.Options{Path: path})
		if k != -1 || !r.Created || r.Quarantined == "" {
			t.Fatalf("commit %d, %+v", k, r)
		}
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := []string{"x.db", "x.db.broken-3", "x.db.broken-4"}; !slices.Equal(names, want) {
		t.Errorf("there are %q, want %q", names, want)
	}
}

func TestAnotherProcessHasIt(t *testing.T) {
	path := made(t, 1, true)
	db, _, err := boltfile.Open(boltfile.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, _, err := boltfile.Open(boltfile.Options{Path: path})
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
	db, _, err := boltfile.Open(boltfile.Options{Path: path, MaxSize: 1 << 20, Allocate: 64 << 10})
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
	for {
		err := db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			seq, err := b.NextSequence()
			return errors.Join(err, b.Put(fmt.Appendf(nil, "%08d", seq), make([]byte, 2000)))
		})
		if errors.Is(err, berrors.ErrMaxSizeReached) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 1<<20 || info.Size() < 1<<19 {
		t.Errorf("grown to %d bytes", info.Size())
	}
}

func TestErrorsOfTheFileSystemAreNotDamage(t *testing.T) {
	path := filepath.Join(crashtest.Dir(t), "not", "there", "x.db")
	if _, r, err := boltfile.Open(boltfile.Options{Path: path}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, %+v", err, r)
	}
}
