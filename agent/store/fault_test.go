package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// A fault refuses operations on the disk.
type fault struct {
	err   error // nil: none
	only  func(statedir.Op) bool
	reads bool // operations that change nothing too
}

func (f *fault) tap(op statedir.Op) error {
	if f.err != nil && (f.reads || op.Kind.Changes()) && f.only(op) {
		return &os.PathError{Op: "write", Path: op.Path, Err: f.err}
	}
	return nil
}

func (f *fault) options(o Options) Options {
	o.Tap = f.tap
	o.Opened = func(db *bolt.DB) { crashtest.Hook(db, f.tap) }
	return o
}

func onDB(op statedir.Op) bool { return strings.HasPrefix(filepath.Base(op.Path), dbName) }
func onSlots(op statedir.Op) bool {
	return !onDB(op) && strings.HasPrefix(filepath.Base(op.Path), "tokens.")
}
func onAll(statedir.Op) bool { return true }

// fails checks that the error says what a person has to know.
func fails(t *testing.T, err error, errno error, advice string) {
	t.Helper()
	storage, ok := errors.AsType[*StorageError](err)
	if !ok || !errors.Is(err, errno) {
		t.Fatalf("got %v, want a StorageError of %v", err, errno)
	}
	if !strings.Contains(storage.Error(), advice) || strings.Contains(storage.Error(), "\n") {
		t.Errorf("it says %q", storage)
	}
}

func TestFullDiskIsReportedAndRecoveredFrom(t *testing.T) {
	var f fault
	s := open(t, f.options(testOptions(t)))
	one := grantN(1)
	save(t, s, one)
	f = fault{err: syscall.ENOSPC, only: onAll}
	fails(t, s.Intend(1), syscall.ENOSPC, "free some space")
	_, err := s.Save(grantN(2))
	fails(t, err, syscall.ENOSPC, "free some space")
	if st := load(t, s); !reflect.DeepEqual(st, State{Grant: &one, Gen: 1}) {
		t.Errorf("a failed Save left %s", brief(st))
	}
	f.err = nil
	two := grantN(2)
	gen := save(t, s, two)
	if st := load(t, s); !reflect.DeepEqual(st, State{Grant: &two, Gen: gen, Previous: essence(&one)}) || s.Health() != nil {
		t.Errorf("afterwards: %s, health %v", brief(st), s.Health())
	}
}

func TestEitherCopyWillDo(t *testing.T) {
	for name, only := range map[string]func(statedir.Op) bool{"tokens.db": onDB, "the slots": onSlots} {
		var f fault
		s := open(t, f.options(testOptions(t)))
		one, two := grantN(1), grantN(2)
		save(t, s, one)
		f = fault{err: syscall.EIO, only: only}
		gen := save(t, s, two)
		fails(t, s.Health(), syscall.EIO, "failing")
		f.err = nil
		want := State{Grant: &two, Gen: gen, Previous: essence(&one)}
		if st := load(t, s); !reflect.DeepEqual(st, want) {
			t.Errorf("%s failed: %s, want %s", name, brief(st), brief(want))
		}
		if s.Health() != nil {
			t.Errorf("%s failed and was not mended: %v", name, s.Health())
		}
		s = reopen(t, s)
		if st := load(t, s); !reflect.DeepEqual(st, want) {
			t.Errorf("%s failed, after a restart: %s", name, brief(st))
		}
	}
}

// With tokens.db refusing all the time every refresh still becomes durable, in the slots.
func TestSlotsCarryRefreshesAlone(t *testing.T) {
	var f fault
	s := open(t, f.options(testOptions(t)))
	save(t, s, grantN(0))
	f = fault{err: syscall.ENOSPC, only: onDB}
	for n := 1; n < 6; n++ {
		save(t, s, grantN(n))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.err = nil
	s = open(t, s.o)
	if st := load(t, s); st.Gen != 6 || refreshToken(st) != grantN(5).RefreshToken {
		t.Errorf("found %s", brief(st))
	}
}

// Each flush, write and renaming of a life is refused once, or with those that follow. Whatever was
// said to be done, is.
func TestAnyOperationMayFail(t *testing.T) {
	for _, in := range []int{1, 2, 5} {
		for n := 0; ; n++ {
			count := 0
			f := fault{err: syscall.EIO, reads: true, only: func(statedir.Op) bool { count++; return count > n && count <= n+in }}
			s, err := Open(f.options(testOptions(t)))
			if err != nil {
				t.Fatal(err)
			}
			if err := livesOn(s, in); err != nil {
				t.Errorf("%d operations from %d fail: %v", in, n, err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if count <= n {
				break
			}
		}
	}
}

// livesOn repeats whatever fails, as the daemon does, and checks the outcome.
func livesOn(s *Store, retries int) error {
	var gen uint64
	var want Grant
	saves := func(g Grant) func() error {
		return func() (err error) { want = g; gen, err = s.Save(g); return err }
	}
	steps := []func() error{
		func() error { return second(s.Key()) },
		func() error { return s.SavePending([]byte("pending")) },
		saves(grantN(1)),
		func() error { return s.Intend(gen) },
		saves(grantN(2)),
		func() error { return s.SavePending(nil) },
	}
	again := func(step func() error) (err error) {
		for range 1 + retries {
			if err = step(); err == nil {
				return nil
			}
		}
		return err
	}
	for i, step := range steps {
		if err := again(step); err != nil {
			return fmt.Errorf("step %d fails again: %w", i, err)
		}
		var st State
		err := again(func() (err error) { st, err = s.Load(); return err })
		if err != nil || st.Gen != gen || refreshToken(st) != want.RefreshToken {
			return fmt.Errorf("after step %d: %s, %w", i, brief(st), err)
		}
	}
	return nil
}

func TestNoDirectoryYet(t *testing.T) {
	o := testOptions(t)
	o.Dir = filepath.Join(o.Dir, "not", "yet")
	parent := filepath.Dir(filepath.Dir(o.Dir))
	write(t, parent, "in the way")
	s := open(t, o)
	_, err := s.Load()
	fails(t, err, syscall.ENOTDIR, "")
	if err := os.Remove(parent); err != nil {
		t.Fatal(err)
	}
	save(t, s, grantN(1))
}

// The same with the kernel's own errors: a file system of 512 KiB that is filled, and then made
// read-only. Where this process may not mount one, the faults above stand for it.
func TestSmallFileSystem(t *testing.T) {
	o := testOptions(t)
	o.Dir = crashtest.Dir(t)
	dir := o.Dir
	runtime.LockOSThread() // this thread alone sees the mount, and ends with the test
	err := unix.Unshare(unix.CLONE_NEWNS)
	if errors.Is(err, unix.EPERM) {
		t.Log("not root: nothing mounted")
		return
	}
	if err := errors.Join(err, unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("paird", dir, "tmpfs", 0, "size=512k,mode=700"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	s := open(t, o)
	save(t, s, grantN(0))
	filler := filepath.Join(dir, "filler")
	fill(t, filler)
	for n := 1; n < 5; n++ { // overwrites what it has: a full disk does not stop a refresh
		if err := s.Intend(save(t, s, grantN(n))); err != nil {
			t.Fatal(err)
		}
	}
	large := grantN(6)
	large.AccessToken = strings.Repeat("x", 40<<10)
	large.RefreshToken = large.AccessToken
	_, err = s.Save(large)
	fails(t, err, syscall.ENOSPC, "free some space")
	if st := load(t, s); refreshToken(st) != grantN(4).RefreshToken {
		t.Errorf("on a full disk: %s", brief(st))
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err == nil {
		t.Fatal("made read-only with files open for writing")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Save(large); err != nil {
		t.Errorf("with space again: %v", err)
	}
	readOnly(t, s, dir)
}

func readOnly(t *testing.T, s *Store, dir string) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	s = open(t, s.o)
	_, err := s.Load()
	fails(t, err, syscall.EROFS, "make the file system writable")
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT, "size=512k,mode=700"); err != nil {
		t.Fatal(err)
	}
	if st := load(t, s); st.Grant == nil || len(st.Grant.AccessToken) != 40<<10 {
		t.Errorf("writable again: %s", brief(st))
	}
}

func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			return
		}
	}
}
