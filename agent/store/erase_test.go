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

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

func isExtra(name string) bool { return name == "extra" }

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
	for _, name := range []string{"queue.db", "queue.log", "queue.db.broken-1", "metadata.json", "metadata.json.new", "extra"} {
		if err := s.dir.WriteFile(name, []byte("secret of "+name)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEraseLeavesNothing(t *testing.T) {
	var wiped []string
	o := testOptions(t)
	o.Ours = isExtra
	o.Tap = func(op statedir.Op) error {
		if op.Kind == statedir.Write && len(bytes.Trim(op.Data, "\x00")) == 0 {
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
	f = fault{err: syscall.EROFS, only: func(op statedir.Op) bool { return op.Path == s.o.path(slotBName) }}
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
		Dir: dir, Ours: isExtra,
		Tap: rec.Tap, Opened: func(db *bolt.DB) { rec.Hook(db) },
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
	after := Options{Ours: isExtra, Probe: crashtest.Probe(t)}
	resumes := func(dir string, c crashtest.State) error {
		if c.Mark < 0 {
			return nil
		}
		after := after
		after.Dir = dir
		return resumed(after, c)
	}
	crashtest.Holds(t, "the reset", rec.Ops(), crashtest.Options{Seed: 1, Limit: crashtest.States(t) / 8}, resumes)
}

func resumed(o Options, c crashtest.State) error {
	s, err := Open(o)
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
			err = fmt.Errorf("found %s", brief(st))
		}
		return err
	}
	if marked {
		if err := s.Erase(); err != nil {
			return err
		}
	}
	if st, err := s.Load(); err != nil || st.Gen != 0 {
		return fmt.Errorf("marked %t: found %s, %w", marked, brief(st), err)
	}
	if exists(o.path("queue.db")) || exists(o.path("extra")) {
		return fmt.Errorf("marked %t: other files are left", marked)
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

// Only regular files with a name that paird gives are erased: not a key of the maker's, not a folder.
func TestEraseLeavesWhatIsNotOurs(t *testing.T) {
	s := open(t, testOptions(t))
	fillDir(t, s)
	theirs := []string{"key.pem", "key.broken-a", "tokens.txt", "tokens.db.bak", "tokens.db.broken-01", "metadata.json.orig", "queue.txt"}
	for _, name := range theirs {
		write(t, s.o.path(name), "theirs")
	}
	target := filepath.Join(filepath.Dir(s.o.Dir), "target")
	write(t, target, "theirs")
	err := errors.Join(
		os.Mkdir(s.o.path("queue.d"), 0o700), os.Mkdir(s.o.path("key.broken-7"), 0o700),
		os.Symlink(target, s.o.path("tokens.a.broken-7")), os.Link(target, s.o.path("tokens.b.broken-7")),
	)
	if err := errors.Join(err, s.MarkReset(), s.Erase()); err != nil {
		t.Fatal(err)
	}
	names, err := s.dir.Names()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want := append(theirs, "extra", "key.broken-7", "queue.d", "tokens.a.broken-7")
	if slices.Sort(want); !slices.Equal(names, want) {
		t.Errorf("left %q, want %q", names, want)
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "theirs" {
		t.Errorf("the target of the links is %q, %v", b, err)
	}
}
