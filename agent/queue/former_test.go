package queue

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

// TestMain serves the probes of TestFormerQueue.
func TestMain(m *testing.M) {
	crashtest.ServeProbes(boltfile.ProbeMain)
	os.Exit(m.Run())
}

// formerFiles are those of testdata/former: what a power cut left of a queue as it was before the log of segments. Of
// 30 records 1 was acknowledged, 2 set aside, 3 was in flight; 3 to 24 are in the database, 25 to 30 in the journal. The
// owner is alice.
func formerFiles(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"queue.db", "queue.log"} {
		f, err := os.Open("testdata/former/" + name + ".gz")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		if files[name], err = io.ReadAll(z); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// former is a folder with those files, changed.
func formerDir(t testing.TB, change func(files map[string][]byte)) (dir string) {
	t.Helper()
	dir = crashtest.Dir(t)
	files := formerFiles(t)
	change(files)
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func unchanged(map[string][]byte) {}

const formerStream = "Z4N5SDCOWTEBJGC5DJCSRLLL5L"

// formerRecords is what drains of them: a gap comes before the record that follows.
func formerRecords() (want []string) {
	want = append(want, `2 event {"type":"gap","dropped":1,"from_seq":2,"to_seq":2}`)
	for n := 3; n <= 24; n++ {
		want = append(want, fmt.Sprintf("%d db %d", n, n))
	}
	for n := 25; n <= 30; n++ {
		topic := "event"
		if n > 28 {
			topic = "telemetry"
		}
		want = append(want, fmt.Sprintf(`%d %s {"n":%d}`, n, topic, n))
	}
	return want
}

// all takes what the queue has, without an Ack.
func all(t *testing.T, q *Queue, n int) (got []string) {
	t.Helper()
	for range n {
		seq, topic, payload := next(t, q)
		got = append(got, fmt.Sprintf("%d %s %s", seq, topic, payload))
	}
	return got
}

// namesIn are the files of a folder.
func namesIn(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

// The records of the former queue come with their stream, numbers, times and owner, the journal's too. Its files go.
func TestFormerQueue(t *testing.T) {
	dir := formerDir(t, unchanged)
	for start := range 2 {
		q, err := Open(Options{Dir: dir, Probe: crashtest.Probe(t)})
		if err != nil || q.Storage() != nil {
			t.Fatal(err, q.Storage())
		}
		if s := q.Stats(); s.Messages != 28 || s.Dropped != 1 || q.Stream() != formerStream || q.owner != "alice" || q.next < 31 {
			t.Errorf("start %d: %+v, stream %s, owner %q, next %d", start, s, q.Stream(), q.owner, q.next)
		}
		if got := all(t, q, 29); !slices.Equal(got, formerRecords()) {
			t.Errorf("start %d: %q", start, got)
		}
		if e := q.list.find(3); e == nil || e.At.Wall == 0 || e.At.Boot == 0 || e.At.Mono != e.At.Wall {
			t.Errorf("start %d: record 3 is %+v", start, e)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		if got := namesIn(t, dir); got != "queue.00000001" {
			t.Errorf("start %d: left %s", start, got)
		}
	}
}

// What another account has in it goes, counted.
func TestFormerQueueOfAnotherAccount(t *testing.T) {
	q, err := Open(Options{Dir: formerDir(t, unchanged)})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if n, err := q.Bind("bob"); n != 28 || err != nil || q.Stats().Dropped != 29 {
		t.Errorf("%d dropped, %v, %+v", n, err, q.Stats())
	}
}

// Beside another queue of this device it is erased: its records were given up when that one began.
func TestFormerQueueBesideAnother(t *testing.T) {
	dir := formerDir(t, func(files map[string][]byte) { clear(files) })
	q, err := Open(Options{Dir: dir})
	if err == nil {
		err = errors.Join(q.Put("n", []byte("x")), q.Close())
	}
	for name, b := range formerFiles(t) {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	if q, err = Open(Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if got := all(t, q, 1); got[0] != "1 n x" || q.Stats().Messages != 1 || namesIn(t, dir) != "queue.00000001" {
		t.Errorf("%q, %+v, %s", got, q.Stats(), namesIn(t, dir))
	}
}

// A database that is damaged is set aside, its journal goes, and the start goes on.
func TestFormerQueueDamaged(t *testing.T) {
	for name, damage := range map[string]func(b []byte) []byte{
		"no database": func([]byte) []byte { return []byte("x") },
		"empty":       func([]byte) []byte { return nil },
		"its pages": func(b []byte) []byte {
			for at := 2 * seglog.BlockSize; at < len(b); at++ {
				b[at] ^= 0xA5
			}
			return b
		},
		"its state": func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"stream"`), []byte(`"strEam"`)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := formerDir(t, func(files map[string][]byte) { files["queue.db"] = damage(files["queue.db"]) })
			q, err := Open(Options{Dir: dir, Probe: crashtest.Probe(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer q.Close()
			if path := q.Quarantined(); filepath.Base(path) != "queue.db.broken-1" || q.Storage() != nil || q.Stats() != (Stats{}) {
				t.Errorf("set aside %q, storage %v, %+v", path, q.Storage(), q.Stats())
			}
			if err := errors.Join(q.Put("n", []byte("x")), q.Flush()); err != nil {
				t.Error(err)
			}
			if got := namesIn(t, dir); got != "queue.00000001 queue.db.broken-1" {
				t.Errorf("left %s", got)
			}
		})
	}
}

// A record that is damaged is dropped, counted, and reported by a gap; the others come.
func TestFormerRecordDamaged(t *testing.T) {
	q, err := Open(Options{Dir: formerDir(t, func(files map[string][]byte) {
		b := files["queue.db"]
		if b = bytes.ReplaceAll(b, []byte("db17"), []byte("dbXX")); bytes.Equal(b, files["queue.db"]) {
			t.Fatal("there is no such record")
		}
		files["queue.db"] = b
	})})
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	want := formerRecords()
	want[15] = `17 event {"type":"gap","dropped":1,"from_seq":17,"to_seq":17}`
	if got := all(t, q, 29); !slices.Equal(got, want) || q.Stats().Dropped != 2 {
		t.Errorf("%q, %+v", got, q.Stats())
	}
}

// The journal was written from the front again and again: a frame of an earlier round, of another stream, or
// at another offset is a rest of what the database has since, and none of its records come.
func TestFormerJournalLeftovers(t *testing.T) {
	be := binary.BigEndian
	all30 := formerRecords()
	for _, tt := range []struct {
		name   string
		change func(header []byte) // of the second of two frames, which has the records 29 and 30
		want   []string
	}{
		{"none", func([]byte) {}, all30},
		{"the second is of a round before the database's", func(h []byte) { be.PutUint64(h[16:], 2) }, all30[:27]},
		{"the second is of a round before the first's", func(h []byte) { be.PutUint64(h[16:], 3) }, all30[:27]},
		{"the first is of a round before the second's", func(h []byte) { be.PutUint64(h[16:], 5) }, slices.Concat(all30[:23], all30[27:])},
		{"the second is of another stream", func(h []byte) { be.PutUint64(h[24:], be.Uint64(h[24:])+1) }, all30[:27]},
		{"the second is of another block", func(h []byte) { be.PutUint32(h[12:], 2) }, all30[:27]},
		{"the second does not end", func(h []byte) { be.PutUint32(h[8:], 1<<31) }, all30[:27]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := formerDir(t, func(files map[string][]byte) {
				second := files["queue.log"][seglog.BlockSize:]
				length := be.Uint32(second[8:])
				tt.change(second)
				be.PutUint32(second[4:], crc32.Checksum(second[8:32+length], crc32.MakeTable(crc32.Castagnoli)))
			})
			q := open(t, Options{Dir: dir})
			if got := all(t, q, len(tt.want)); !slices.Equal(got, tt.want) || q.Stats().Messages != len(tt.want)-1 {
				t.Errorf("%q, %+v", got, q.Stats())
			}
		})
	}
}

// Trouble with the disk is none with the former queue: it is taken over when the disk works again.
func TestFormerQueueAndFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, low := formerDir(t, unchanged), true
		var mu sync.Mutex
		free := func(string) (int64, error) {
			mu.Lock()
			defer mu.Unlock()
			if low {
				return 0, nil
			}
			return 1 << 30, nil
		}
		q, err := Open(Options{Dir: dir, KeepFree: 1 << 20, free: free})
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		if q.Storage() == nil || namesIn(t, dir) != "queue.db queue.log" {
			t.Errorf("storage %v, %s", q.Storage(), namesIn(t, dir))
		}
		if err := q.Put("n", []byte("new")); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		low = false
		mu.Unlock()
		time.Sleep(time.Minute)
		if got := all(t, q, 30); q.Storage() != nil || !slices.Equal(got[:29], formerRecords()) || !strings.HasSuffix(got[29], " n new") {
			t.Errorf("storage %v, %q", q.Storage(), got)
		}
	})
}

// After a cut at any moment there are all records.
func TestFormerQueueSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	dir := formerDir(t, unchanged)
	rec := crashtest.New(dir)
	for name, b := range formerFiles(t) {
		path := filepath.Join(dir, name)
		for _, op := range []statedir.Op{{Kind: statedir.Create, Path: path}, {Kind: statedir.Write, Path: path, Data: b}, {Kind: statedir.Sync, Path: path}} {
			_ = rec.Tap(op) // never fails
		}
	}
	_ = rec.Tap(statedir.Op{Kind: statedir.SyncDir, Path: dir})
	rec.Mark(0)
	q, err := Open(Options{Dir: dir, segment: 4 * seglog.BlockSize, Tap: rec.Tap})
	if err != nil || q.Storage() != nil {
		t.Fatal(err, q.Storage())
	}
	if err := q.Close(); err != nil {
		t.Fatal(err)
	}
	crashtest.Holds(t, "taking over", rec.Ops(), crashtest.Options{Seed: 1, Limit: 500}, func(dir string, s crashtest.State) error {
		if s.Mark < 0 {
			return nil // not all of the former files are there yet
		}
		q, err := Open(Options{Dir: dir, segment: 4 * seglog.BlockSize})
		if err != nil {
			return err
		}
		defer q.Close()
		if q.Quarantined() != "" || q.Storage() != nil || q.Stats().Messages != 28 || q.Stats().Dropped != 1 || q.Stream() != formerStream {
			return fmt.Errorf("%+v, stream %s, storage %v", q.Stats(), q.Stream(), q.Storage())
		}
		return nil
	})
}
