package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	bolt "go.etcd.io/bbolt"
)

// fillDir puts a store with a past into dir, and the files of the other packages.
func fillDir(t *testing.T, s *Store) {
	t.Helper()
	save(t, s, grantN(1))
	if err := s.PutAside(); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		save(t, s, grantN(n))
	}
	for _, name := range []string{"queue.db", "queue.log", "queue.db.broken-1", "metadata.json", "extra"} {
		if err := s.o.Disk.WriteFile(s.o.path(name), []byte("secret of "+name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	var wiped []string
	o := testOptions(t)
	o.Erase = []string{"ext?a"}
	o.Disk.Tap = func(op boltfile.Op) error {
		if op.Kind == boltfile.Write && len(bytes.Trim(op.Data, "\x00")) == 0 {
			wiped = append(wiped, filepath.Base(op.Path))
		}
		return nil
	}
	s := open(t, o)
	fillDir(t, s)
	write(t, o.path("mine.txt"), "not ours")
	before := snapshot(t, o.Dir)
	delete(before, "mine.txt")
	wiped = nil
	if err := errors.Join(s.MarkReset(), s.Erase()); err != nil {
		t.Fatal(err)
	}
	for name := range before {
		if !slices.Contains(wiped, name) {
			t.Errorf("%s was not overwritten", name)
		}
	}
	if left := snapshot(t, o.Dir); len(left) != 1 || left["mine.txt"] == "" {
		t.Errorf("left: %q", left)
	}
	isLocked(t, o)
	if st := load(t, s); st.Gen != 0 || st.Grant != nil {
		t.Errorf("after erasing: %s", brief(st))
	}
	if gen := save(t, s, grantN(1)); gen != 1 {
		t.Errorf("the first generation after erasing is %d", gen)
	}
}

func TestEraseThatFailsKeepsTheMark(t *testing.T) {
	var f fault
	s := open(t, f.options(testOptions(t)))
	fillDir(t, s)
	if err := s.MarkReset(); err != nil {
		t.Fatal(err)
	}
	f = fault{syscall.EROFS, func(op boltfile.Op) bool { return op.Path == s.o.path(slotBName) }}
	fails(t, s.Erase(), syscall.EROFS, "writable")
	if marked, err := s.ResetMarked(); err != nil || !marked {
		t.Errorf("marked: %t, %v", marked, err)
	}
	for name := range snapshot(t, s.o.Dir) {
		if name != markerName && name != slotBName && name != "extra" {
			t.Errorf("%s was not reached", name)
		}
	}
	f.err = nil
	if err := s.Erase(); err != nil {
		t.Fatal(err)
	}
	if marked, err := s.ResetMarked(); err != nil || marked {
		t.Errorf("marked: %t, %v", marked, err)
	}
}

// A reset that is cut off is resumed; one that is not marked has not begun, or is over.
func TestEraseSurvivesPowerCuts(t *testing.T) {
	dir := crashtest.Dir(t)
	rec := crashtest.New(dir)
	s := open(t, Options{
		Dir: dir, Erase: []string{"extra"},
		Disk: boltfile.Disk{Tap: rec.Tap}, Opened: func(db *bolt.DB) { rec.Hook(db) },
	})
	fillDir(t, s)
	rec.Mark(0)
	if err := s.MarkReset(); err != nil {
		t.Fatal(err)
	}
	rec.Mark(1)
	if err := s.Erase(); err != nil {
		t.Fatal(err)
	}
	rec.Mark(2)
	resumes := func(dir string, c crashtest.State) error {
		if c.Mark < 0 {
			return nil
		}
		return resumed(dir, c)
	}
	n, failed, err := crashtest.Check(t, rec.Ops(), crashtest.Options{Seed: 1, Limit: crashtest.States(t) / 8}, resumes)
	if failed > 0 {
		t.Fatalf("%d of %d states keep something, the first: %v", failed, n, err)
	}
	t.Logf("%d states", n)
}

func resumed(dir string, c crashtest.State) error {
	s, err := Open(Options{Dir: dir, Erase: []string{"extra"}})
	if err != nil {
		return err
	}
	defer s.Close()
	marked, err := s.ResetMarked()
	if err != nil {
		return err
	}
	if !marked && c.Mark == 0 { // not begun
		st, err := s.Load()
		if err == nil && refreshToken(st) != grantN(2).RefreshToken {
			err = fmt.Errorf("%s: found %s", c.Desc, brief(st))
		}
		return err
	}
	if marked {
		if err := s.Erase(); err != nil {
			return err
		}
	}
	if st, err := s.Load(); err != nil || st.Gen != 0 {
		return fmt.Errorf("%s after %d, marked %t: found %s, %w", c.Desc, c.Mark, marked, brief(st), err)
	}
	if exists(filepath.Join(dir, "queue.db")) || exists(filepath.Join(dir, "extra")) {
		return fmt.Errorf("%s after %d, marked %t: other files are left", c.Desc, c.Mark, marked)
	}
	return nil
}

func TestMarkOutlivesARestart(t *testing.T) {
	s := open(t, testOptions(t))
	if marked, err := s.ResetMarked(); err != nil || marked {
		t.Fatalf("a new store is marked: %t, %v", marked, err)
	}
	if err := errors.Join(s.MarkReset(), s.MarkReset()); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if marked, err := s.ResetMarked(); err != nil || !marked {
		t.Errorf("marked: %t, %v", marked, err)
	}
	if info, err := os.Stat(s.o.path(markerName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the marker: %v, %v", info, err)
	}
}
