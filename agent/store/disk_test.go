package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/paird/paird/agent/internal/statedir"
)

// Whatever the disk refuses while the store opens, and for however long: it is up, says so, and goes on by itself
// once the disk does.
func TestEachOperationOfOpeningMayBeRefused(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EACCES, syscall.EROFS, syscall.ENOSPC} {
		for _, lasting := range []bool{false, true} {
			for n := 0; ; n++ {
				original, key := aged(t, n%2 == 0)
				count := 0
				f := fault{err: errno, reads: true, only: func(statedir.Op) bool {
					count++
					return count == n+1 || lasting && count > n
				}}
				s, err := Open(f.options(original))
				if err != nil {
					t.Fatalf("%v at operation %d: the daemon would not start: %v", errno, n, err)
				}
				_, err = s.Load()
				if storage, ok := errors.AsType[*StorageError](err); err != nil && (!ok || !errors.Is(err, errno)) {
					t.Errorf("%v at operation %d: %v (%v)", errno, n, err, storage)
				}
				f.err = nil
				if err := survivesRefusal(s, key); err != nil {
					t.Errorf("%v from operation %d, lasting: %t: %v", errno, n, lasting, err)
				}
				s.Close()
				if count <= n {
					break
				}
			}
		}
	}
}

// survivesRefusal checks that nothing was lost by it.
func survivesRefusal(s *Store, key []byte) error {
	st, err := s.Load()
	if err != nil {
		return err
	}
	if st.Gen != 5 || refreshToken(st) != grantN(4).RefreshToken {
		return errors.New("found " + brief(st))
	}
	if got, err := s.Key(); err != nil || !bytes.Equal(got, key) {
		return errors.Join(errors.New("the device has another key"), err)
	}
	return worksOn(s)
}

// An inode of tokens.db that cannot be read, renamed or removed: the device starts from a slot, refreshes,
// and says that the disk is failing. Once the disk answers all is as it should be.
func TestUnreadableDatabaseStartsFromASlot(t *testing.T) {
	o, key := aged(t, false)
	f := fault{err: syscall.EIO, reads: true, only: func(op statedir.Op) bool {
		return filepath.Base(op.Path) == dbName || filepath.Base(op.To) == dbName
	}}
	s := open(t, f.options(o))
	st := load(t, s)
	if st.Gen != 5 || refreshToken(st) != grantN(4).RefreshToken {
		t.Fatalf("found %s", brief(st))
	}
	fails(t, s.Health(), syscall.EIO, "the disk or card is failing")
	got, err := s.Key()
	if err != nil || !bytes.Equal(got, key) {
		t.Errorf("the device has another key: %v", err)
	}
	if at, err := s.Floor(); err != nil || !at.Equal(agedFloor) {
		t.Errorf("the floor is %v, %v", at, err)
	}
	for n := 5; n < 9; n++ {
		if err := s.Intend(uint64(n)); err != nil {
			t.Fatal(err)
		}
		if st := load(t, s); !st.Intent {
			t.Errorf("generation %d: the intent is not there", n)
		}
		g := grantN(n)
		if gen := save(t, s, g); gen != uint64(n+1) {
			t.Errorf("saved as generation %d", gen)
		}
		if st := load(t, s); st.Grant.AccessToken != g.AccessToken || st.Intent {
			t.Errorf("found %s", brief(st))
		}
	}
	fails(t, s.SaveAnswer(pairingN(9)), syscall.EIO, "failing")
	fails(t, second(s.Pending()), syscall.EIO, "failing")
	f.err = nil
	if st := load(t, s); st.Gen != 9 || st.Grant.AccessToken != grantN(8).AccessToken || s.Health() != nil {
		t.Errorf("afterwards: %s, health %v", brief(st), s.Health())
	}
	if err := worksOn(s); err != nil {
		t.Error(err)
	}
}

// One that is out of reach for a moment loses nothing, not even what the slots do not hold.
func TestDatabaseOutOfReachForAMomentIsKept(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	answer := pairingN(3)
	save(t, s, pairingN(1))
	g := pairingN(2)
	save(t, s, g)
	if err := errors.Join(s.SaveAnswer(answer), s.Close()); err != nil {
		t.Fatal(err)
	}
	f := fault{err: syscall.EIO, reads: true, only: func(op statedir.Op) bool {
		return onDB(op) && op.Kind == statedir.ReadFile // it could be renamed
	}}
	s = open(t, f.options(o))
	if st := load(t, s); refreshToken(st) != g.RefreshToken {
		t.Errorf("found %s", brief(st))
	}
	f.err = nil
	if st := load(t, s); !reflect.DeepEqual(st.Grant, &g) || st.Previous == nil || exists(o.path(dbName+".broken-1")) {
		t.Errorf("afterwards: %s", brief(st))
	}
	hasAnswer(t, s, &answer)
}

// With the newer slot and tokens.db out of reach the older slot is not taken for the newest grant: its refresh
// token was used.
func TestOlderSlotIsNotUsedWhileTheNewestMayBeThere(t *testing.T) {
	o, _ := aged(t, false) // generation 5 is in tokens.a
	f := fault{err: syscall.EIO, reads: true, only: func(op statedir.Op) bool {
		return onDB(op) || filepath.Base(op.Path) == slotAName
	}}
	s := open(t, f.options(o))
	for range 2 * mostMissed {
		_, err := s.Load()
		fails(t, err, syscall.EIO, "failing")
	}
	f.err = nil
	if st := load(t, s); st.Gen != 5 || refreshToken(st) != grantN(4).RefreshToken {
		t.Errorf("found %s", brief(st))
	}
}

// One that stays unreadable and can be renamed is set aside after some operations.
func TestDatabaseThatStaysUnreadableIsSetAside(t *testing.T) {
	o, _ := aged(t, false)
	bad, err := os.Stat(o.path(dbName))
	if err != nil {
		t.Fatal(err)
	}
	f := fault{err: syscall.EIO, reads: true, only: func(op statedir.Op) bool {
		now, err := os.Stat(op.Path)
		return op.Kind == statedir.ReadFile && err == nil && os.SameFile(now, bad)
	}}
	s := open(t, f.options(o))
	for range mostMissed {
		if st := load(t, s); st.Gen != 5 {
			t.Errorf("found %s", brief(st))
		}
	}
	if s.Health() != nil || !exists(o.path(dbName+".broken-1")) || len(s.Recovered()) == 0 {
		t.Errorf("health %v", s.Health())
	}
	if err := worksOn(s); err != nil {
		t.Error(err)
	}
}

// A state directory that another account may write to is refused until it is safe.
func TestPlantedDirectoryIsRefused(t *testing.T) {
	o, _ := aged(t, true)
	if err := os.Chmod(o.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, o.Dir)
	s := open(t, o)
	for _, err := range []error{second(s.Load()), second(s.Save(grantN(9))), s.MarkReset(), s.Erase()} {
		storage, ok := errors.AsType[*StorageError](err)
		if !ok || !strings.Contains(storage.Error(), "mode 0777 lets others write") || strings.Count(storage.Error(), o.Dir) != 1 {
			t.Errorf("got %v", err)
		}
	}
	for name, content := range snapshot(t, o.Dir) {
		if before[name] != content {
			t.Errorf("%s was changed", name)
		}
	}
	if err := os.Chmod(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if st := load(t, s); st.Gen != 5 {
		t.Errorf("once it is safe: %s", brief(st))
	}
}

// A file of ours with a second name, or that others may write to, is neither read nor overwritten.
func TestPlantedFilesAreRefused(t *testing.T) {
	for _, name := range []string{dbName, slotAName, slotBName, keyFileName} {
		for how, plant := range map[string]func(path, target string) error{
			"hard link": os.Link,
			"writable":  func(path, _ string) error { return os.Chmod(path, 0o666) },
		} {
			o, _ := aged(t, true)
			target := filepath.Join(t.TempDir(), "target")
			if err := plant(o.path(name), target); err != nil {
				target = filepath.Join(filepath.Dir(o.Dir), "target") // a link has to be on the same disk
				if err := plant(o.path(name), target); err != nil {
					t.Fatal(err)
				}
			}
			before := snapshot(t, o.Dir)
			s := open(t, o)
			if _, err := s.Save(grantN(9)); err == nil {
				t.Errorf("%s, %s: saved", name, how)
			} else if !strings.Contains(err.Error(), "not safe to use") {
				t.Errorf("%s, %s: %v", name, how, err)
			}
			if after := snapshot(t, o.Dir); after[name] != before[name] {
				t.Errorf("%s, %s: it was changed", name, how)
			}
			if in, err := Inspect(o); err != nil || len(in.Faults) != 1 || !strings.Contains(in.Faults[0].Error(), name) {
				t.Errorf("%s, %s: seen %v, %v", name, how, in.Faults, err)
			}
			_ = os.Remove(target)
			if err := os.Chmod(o.path(name), 0o600); err != nil {
				t.Fatal(err)
			}
			if st := load(t, s); st.Gen != 5 || refreshToken(st) != grantN(4).RefreshToken {
				t.Errorf("%s, %s: once it is safe: %s", name, how, brief(st))
			}
		}
	}
}

// What a command of root makes belongs to the owner of the folder, so that the daemon can use it.
func TestRootMakesForTheFoldersOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("not root: not run")
		return
	}
	o := testOptions(t)
	parent := t.TempDir() // root's: only root makes names there
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	o.Dir = filepath.Join(parent, "state")
	s := open(t, o)
	if err := errors.Join(os.Chown(o.Dir, 995, 996), s.Close()); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	save(t, s, grantN(1))
	if err := errors.Join(s.MarkReset(), s.Erase()); err != nil {
		t.Fatal(err)
	}
	save(t, s, grantN(1))
	for name := range snapshot(t, o.Dir) {
		info, err := os.Lstat(o.path(name))
		if err != nil {
			t.Fatal(err)
		}
		if f := statedir.FactsOf(info); name != slotAName && name != slotBName && name != dbName && name != keyFileName || f.UID != 995 || f.GID != 996 {
			t.Errorf("%s belongs to %d:%d", name, f.UID, f.GID)
		}
	}
}

func TestInspectStatesWhatItSaw(t *testing.T) {
	o := withCredential(t, testSecret)
	if in, err := Inspect(o); err != nil || !strings.Contains(in.String(), "is not there yet") {
		t.Errorf("no directory yet: %s, %v", in, err)
	}
	sealedByFile(t, o)
	before := snapshot(t, o.Dir)
	in, err := Inspect(o)
	if err != nil || in.SealedBy != sourceFile || !in.Credential || !in.KeyFile || in.Mode != 0o700 || len(in.Faults) > 0 {
		t.Errorf("%+v, %v", in, err)
	}
	if text := in.String(); !strings.Contains(text, o.Dir) || !strings.Contains(text, "mode 0700") || !strings.Contains(text, "from the daemon's next start") {
		t.Errorf("it says %q", text)
	}
	for name, content := range snapshot(t, o.Dir) {
		if before[name] != content {
			t.Errorf("%s was changed", name)
		}
	}
	s := open(t, o)
	load(t, s)
	in, err = Inspect(o) // while the daemon has it
	if err != nil || in.SealedBy != sourceCredential || in.KeyFile || !strings.Contains(in.String(), "sealed with the credential") {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestStateFilesAreSafe(t *testing.T) {
	o := testOptions(t)
	if _, err := ReadFile(o.Dir, "id"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("not there yet: %v", err)
	}
	if err := WriteFile(o.Dir, "id", []byte("device-1")); err != nil {
		t.Fatal(err)
	}
	if b, err := ReadFile(o.Dir, "id"); err != nil || string(b) != "device-1" {
		t.Errorf("%q, %v", b, err)
	}
	target := filepath.Join(filepath.Dir(o.Dir), "target")
	write(t, target, "theirs")
	for _, name := range []string{"id", "id.new"} {
		_ = os.Remove(o.path(name))
		if err := os.Symlink(target, o.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := ReadFile(o.Dir, "id"); err == nil {
		t.Errorf("read %q by a link", b)
	}
	if err := WriteFile(o.Dir, "id", []byte("device-2")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "theirs" {
		t.Errorf("the target is %q, %v", b, err)
	}
	if err := os.Chmod(o.Dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(second(ReadFile(o.Dir, "id")), WriteFile(o.Dir, "id", nil)); err == nil || strings.Count(err.Error(), "0777") != 2 {
		t.Errorf("others may write to the directory: %v", err)
	}
}
