package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	bolt "go.etcd.io/bbolt"
)

// A damage does something bad to a file.
type damage struct {
	name string
	do   func(path string) error
}

// damages is the corpus: what a rotten card, a file system check and a careless person leave.
func damages(t *testing.T) []damage {
	t.Helper()
	edit := func(change func([]byte) []byte) func(string) error {
		return func(path string) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(b), 0o600)
		}
	}
	list := []damage{
		{"removed", os.Remove},
		{"empty", func(path string) error { return os.Truncate(path, 0) }},
		{"a directory", func(path string) error {
			return errors.Join(os.Remove(path), os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "x"), []byte("x"), 0o600))
		}},
		{"a dangling link", func(path string) error { return errors.Join(os.Remove(path), os.Symlink("nowhere", path)) }},
		{"another format", edit(func(b []byte) []byte { return []byte(strings.Repeat("SQLite format 3\x00", 1000)) })},
		{"huge", func(path string) error { return os.Truncate(path, 1<<40) }},
		{"zeros", edit(func(b []byte) []byte { return make([]byte, len(b)) })},
	}
	for _, size := range []int64{1, 100, 511, 4096, 8191, 8192, 12288, 16384, 20000} {
		list = append(list, damage{fmt.Sprintf("cut to %d bytes", size), func(path string) error { return os.Truncate(path, size) }})
	}
	for page := range 8 {
		list = append(list, damage{fmt.Sprintf("page %d zeroed", page), edit(func(b []byte) []byte {
			if len(b) > page*4096 {
				clear(b[page*4096 : min(len(b), (page+1)*4096)])
			}
			return b
		})})
	}
	r := rand.New(rand.NewPCG(4, 4))
	for i := range min(150, crashtest.States(t)/50) {
		n, bit := r.Int(), r.IntN(8)
		list = append(list, damage{fmt.Sprintf("bit %d of byte %d in use flipped", bit, n), edit(func(b []byte) []byte {
			flipUsed(b, n, bit)
			return b
		})})
		at, n := r.IntN(9*4096), 1+r.IntN(2000)
		list = append(list, damage{fmt.Sprintf("noise %d at %d, %d bytes", i, at, n), edit(func(b []byte) []byte {
			for j := at; j < min(at+n, len(b)); j++ {
				b[j] = byte(r.Uint32())
			}
			return b
		})})
	}
	return list
}

var agedFloor = time.Unix(1_750_000_000, 0)

// flipUsed flips a bit of one of the bytes that are not zero, of which there are few.
func flipUsed(b []byte, n, bit int) {
	var used []int
	for i, v := range b {
		if v != 0 {
			used = append(used, i)
		}
	}
	if len(used) > 0 {
		b[used[n%len(used)]] ^= 1 << bit
	}
}

// probing are the options of a store that has a probe, as the daemon's has.
func probing(t *testing.T) Options {
	t.Helper()
	o := testOptions(t)
	o.Probe = crashtest.Probe(t)
	return o
}

// aged returns the options of a store that has seen five generations, stopped uncleanly or cleanly, and
// its device's key.
func aged(t *testing.T, cleanly bool) (Options, []byte) {
	t.Helper()
	o := probing(t)
	s := open(t, o)
	if err := s.SetFloor(agedFloor); err != nil {
		t.Fatal(err)
	}
	key, err := s.Key()
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		save(t, s, grantN(n))
	}
	if !cleanly {
		s.mu.Lock()
		s.copies.abandon()
		s.mu.Unlock()
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return o, key
}

// Whatever happens to one of the three files, the device stays paired, with the newest grant, and
// works.
func TestDamageToOneFileIsSurvived(t *testing.T) {
	for _, cleanly := range []bool{true, false} {
		original, key := aged(t, cleanly)
		o := probing(t)
		for _, name := range []string{dbName, slotAName, slotBName} {
			for _, d := range damages(t) {
				copyDir(t, original.Dir, o.Dir)
				if err := d.do(filepath.Join(o.Dir, name)); err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				if err := survivesDamage(o, key); err != nil {
					t.Errorf("%s %s (stopped cleanly: %t): %v", name, d.name, cleanly, err)
				}
				// A file of 1 TiB that is read takes many minutes. The bound leaves room for a machine with other work.
				if took := time.Since(began); took > time.Minute {
					t.Errorf("%s %s: started after %v", name, d.name, took)
				}
			}
		}
	}
}

func survivesDamage(o Options, want []byte) error {
	return inspect(o, o.Dir, func(s *Store, st State) error {
		if g := grantN(4); st.Gen != 5 || refreshToken(st) != g.RefreshToken || st.Grant.Binding != g.Binding || st.Grant.Subject != g.Subject {
			return fmt.Errorf("found %s", brief(st))
		}
		key, err := s.Key()
		if err != nil || !bytes.Equal(key, want) {
			return fmt.Errorf("the device has another key: %w", err)
		}
		floor, err := s.Floor()
		if err != nil || !floor.Equal(agedFloor) {
			return fmt.Errorf("the floor is %v: %w", floor, err)
		}
		return worksOn(s)
	})
}

// Where all three are damaged the grant may be lost. Load or Recovered says so, and the device can be paired again.
func TestDamageToAllFilesEndsInAWorkingStore(t *testing.T) {
	original, _ := aged(t, false)
	o := probing(t)
	for _, d := range damages(t) {
		copyDir(t, original.Dir, o.Dir)
		for _, name := range []string{dbName, slotAName, slotBName} {
			if err := d.do(filepath.Join(o.Dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := endsWorking(o); err != nil {
			t.Errorf("all %s: %v", d.name, err)
		}
	}
}

func endsWorking(o Options) error {
	s, err := Open(o)
	if err != nil {
		return err
	}
	defer s.Close()
	st, err := s.Load()
	if sealed, ok := errors.AsType[*SealError](err); ok {
		if !strings.Contains(sealed.Reason, "pair again") {
			return sealed
		}
		err = s.PutAside()
	} else if err == nil && st.Grant == nil && len(s.Recovered()) == 0 && exists(s.o.path(dbName+".broken-1")) {
		return errors.New("the loss was not reported")
	}
	return errors.Join(err, worksOn(s))
}

// copyDir makes to hold what from holds.
func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range snapshot(t, from) {
		write(t, filepath.Join(to, name), content)
	}
}

// What goes bad under the feet of a running daemon is seen when it is read, and put right by the next
// call, which reads all of it.
func TestDamageWhileOpen(t *testing.T) {
	for _, c := range []struct {
		bucket, key []byte
		use         func(s *Store) error
	}{
		{deviceBucket, deviceKey, func(s *Store) error { return second(s.Key()) }},
		{deviceBucket, pendingKey, func(s *Store) error { return second(s.Pending()) }},
		{grantsBucket, genKey(2), func(s *Store) error { return second(s.Load()) }},
		{grantsBucket, genKey(2), func(s *Store) error { return second(s.Save(grantN(2))) }},
	} {
		s := open(t, testOptions(t))
		key, err := s.Key()
		if err := errors.Join(err, s.SavePending([]byte("pending"))); err != nil {
			t.Fatal(err)
		}
		save(t, s, grantN(1))
		save(t, s, grantN(2))
		err = s.copies.db.bolt.Update(func(tx *bolt.Tx) error { return tx.Bucket(c.bucket).Put(c.key, []byte("damaged")) })
		if err != nil {
			t.Fatal(err)
		}
		_ = c.use(s) // may fail, or be done in the slot
		if err := c.use(s); err != nil {
			t.Errorf("%s/%s: fails again: %v", c.bucket, c.key, err)
		}
		if st := load(t, s); st.Gen < 2 || refreshToken(st) != grantN(2).RefreshToken {
			t.Errorf("%s/%s: found %s", c.bucket, c.key, brief(st))
		}
		if got, err := s.Key(); err != nil || !bytes.Equal(got, key) {
			t.Errorf("%s/%s: the device has another key, %v", c.bucket, c.key, err)
		}
		if len(s.Recovered()) == 0 {
			t.Errorf("%s/%s: not reported", c.bucket, c.key)
		}
	}
}
