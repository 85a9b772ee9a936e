package boltfile_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

// A workload commits values that say which commit they belong to: commit k puts k under "n" and
// values whose bytes all derive from k, some in a bucket within a bucket, and deletes some of before.
type workload struct{ rand *rand.Rand }

func (w workload) commit(db *bolt.DB, k int) error {
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("n"))
		if err != nil {
			return err
		}
		if err := b.Put([]byte("n"), binary.BigEndian.AppendUint64(nil, uint64(k))); err != nil {
			return err
		}
		q, err := tx.CreateBucketIfNotExists([]byte("q"))
		if err != nil {
			return err
		}
		for i := range 1 + w.rand.IntN(8) {
			value := strings.Repeat(fmt.Sprintf("%08d", k), 1+w.rand.IntN(150))
			if err := q.Put(fmt.Appendf(nil, "%d-%d", k%7, i), []byte(value)); err != nil {
				return err
			}
		}
		sub, err := q.CreateBucketIfNotExists([]byte("sub"))
		if err != nil {
			return err
		}
		if err := sub.Put(fmt.Append(nil, k%3), fmt.Append(nil, k)); err != nil {
			return err
		}
		return q.Delete(fmt.Appendf(nil, "%d-0", (k+3)%7))
	})
}

// content reads everything: the number of the commit and a digest.
func content(db *bolt.DB) (k int, digest string, err error) {
	var all strings.Builder
	k = -1
	err = db.View(func(tx *bolt.Tx) error {
		if b := tx.Bucket([]byte("n")); b != nil {
			if n := b.Get([]byte("n")); len(n) == 8 {
				k = int(binary.BigEndian.Uint64(n))
			}
		}
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error { return write(&all, name, b) })
	})
	return k, all.String(), err
}

func write(w *strings.Builder, name []byte, b *bolt.Bucket) error {
	return b.ForEach(func(key, v []byte) error {
		if v == nil {
			return write(w, key, b.Bucket(key))
		}
		_, err := fmt.Fprintf(w, "%s/%s=%s;", name, key, v)
		return err
	})
}

// recorded is an empty folder whose operations are recorded.
func recorded(t *testing.T) (dir string, rec *crashtest.Recorder, folder *statedir.Dir) {
	t.Helper()
	dir = crashtest.Dir(t)
	rec = crashtest.New(dir)
	folder, err := statedir.Open(dir, rec.Tap)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return dir, rec, folder
}

// recordCommits runs n commits, a stop and a start every ten, and returns what reached the disk
// and the content after each.
func recordCommits(t *testing.T, n int, seed uint64) (*crashtest.Recorder, []string) {
	t.Helper()
	dir, rec, folder := recorded(t)
	o := options(t, filepath.Join(dir, "x.db"))
	o.Dir, o.Opened = folder, func(db *bolt.DB) { rec.Hook(db) }
	w := workload{rand.New(rand.NewPCG(seed, 1))}
	var model []string
	for k := 0; k < n; {
		db, err := boltfile.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if err := w.commit(db, k); err != nil {
				t.Fatal(err)
			}
			_, digest, err := content(db)
			if err != nil {
				t.Fatal(err)
			}
			model = append(model, digest)
			rec.Mark(k)
			k++
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return rec, model
}

// survives is the oracle: the state holds commit Mark or the next, whole, and takes two commits more.
func survives(t *testing.T, model []string) func(string, crashtest.State) error {
	probe := crashtest.Probe(t)
	return func(path string, s crashtest.State) error {
		dir, err := statedir.Open(path, nil)
		if err != nil {
			return err
		}
		defer dir.Close()
		db, err := boltfile.Open(boltfile.Options{Dir: dir, Name: "x.db", Probe: probe})
		if err != nil {
			return err
		}
		defer db.Close()
		k, digest, err := content(db)
		switch {
		case err != nil:
			return err
		case k != s.Mark && k != s.Mark+1:
			return fmt.Errorf("commit %d was acknowledged, found %d", s.Mark, k)
		case k >= 0 && digest != model[k]:
			return fmt.Errorf("commit %d is torn", k)
		}
		return errors.Join(twoMore(db), check(db))
	}
}

func twoMore(db *bolt.DB) error {
	w := workload{rand.New(rand.NewPCG(9, 9))}
	return errors.Join(w.commit(db, 1000), w.commit(db, 1001))
}

func check(db *bolt.DB) error {
	return db.View(func(tx *bolt.Tx) error {
		var errs []error
		for err := range tx.Check() {
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
}

func TestCommitsSurvivePowerCuts(t *testing.T) {
	want := crashtest.States(t) / 4
	crashtest.CheckLives(t, want, want, func(seed uint64) ([]statedir.Op, func(string, crashtest.State) error) {
		rec, model := recordCommits(t, 40, seed)
		return rec.Ops(), survives(t, model)
	})
}

// Without the flushes the same check has to fail, or it would check nothing.
func TestCommitsWithoutFlushAreCaught(t *testing.T) {
	rec, model := recordCommits(t, 20, 1)
	o := crashtest.Options{Seed: 1, Limit: 150, Ignore: func(op statedir.Op) bool { return op.Kind == statedir.Sync }}
	crashtest.Breaks(t, "no flush of the file", rec.Ops(), o, survives(t, model))
}

// The probe reads more than Open does. It must not refuse what a cut may leave, such as a torn
// header of a meta page, of which bbolt's own check complains.
func TestProbeRefusesNoSurvivor(t *testing.T) {
	rec, _ := recordCommits(t, 20, 5)
	o := crashtest.Options{Seed: 5, Limit: crashtest.States(t) / 10}
	probe := crashtest.Probe(t)
	crashtest.Holds(t, "the probe", rec.Ops(), o, func(dir string, s crashtest.State) error {
		if _, ok := s.Files["x.db"]; !ok {
			return nil
		}
		if err := probe(t.Context(), filepath.Join(dir, "x.db")); err != nil {
			return fmt.Errorf("is refused: %w", err)
		}
		return nil
	})
}
