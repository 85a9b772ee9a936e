package queue

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

const damagedRecords = 400

// template makes the files of a queue, after a clean stop or a crash.
func template(t *testing.T, clean bool) map[string][]byte {
	dir := crashtest.Dir(t)
	q := open(t, Options{Dir: dir, Sync: Always, segment: testSegment})
	for i := range damagedRecords {
		if err := q.Put("t", fmt.Appendf(nil, "%d %0*d", i, i, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if clean {
		q.Close()
	} else {
		q.abandon()
	}
	files := map[string][]byte{}
	paths, _ := filepath.Glob(filepath.Join(dir, "queue.*"))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = b
	}
	if len(files) < 3 {
		t.Fatalf("only %d segments", len(files))
	}
	return files
}

// damages are the ways to spoil a file.
func damages(r *rand.Rand) map[string]func([]byte) []byte {
	page := func(b []byte) []byte { at := r.IntN(len(b)/4096) * 4096; return b[at : at+4096] }
	return map[string]func([]byte) []byte{
		"zero length":   func([]byte) []byte { return nil },
		"truncated":     func(b []byte) []byte { return b[:r.IntN(len(b))] },
		"page of zeros": func(b []byte) []byte { clear(page(b)); return b },
		"page elsewhere": func(b []byte) []byte {
			copy(page(b), page(b))
			return b
		},
		"bit": func(b []byte) []byte { b[r.IntN(len(b))] ^= 1 << r.IntN(8); return b },
		"head": func(b []byte) []byte {
			b[r.IntN(2)*4096+r.IntN(100)] ^= 1 << r.IntN(8) // the first frames
			return b
		},
		"noise": func(b []byte) []byte {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			return b
		},
		"text": func([]byte) []byte { return []byte(strings.Repeat("this is no database\n", 1000)) },
	}
}

// Whatever the files hold: the queue works, in time, what it gives is in order and as it was put, and
// what is missing was counted or reported.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	dir := crashtest.Dir(t)
	rounds := max(4, crashtest.States(t)/1000)
	for _, clean := range []bool{true, false} {
		files := template(t, clean)
		for what, damage := range damages(r) {
			for name := range files {
				for range rounds {
					spoil(t, dir, files, name, damage)
					began := time.Now()
					if err := works(t, dir); err != nil {
						t.Errorf("%s, %s, clean %v: %v", name, what, clean, err)
					}
					if d := time.Since(began); d > 5*time.Second {
						t.Errorf("%s, %s: took %v", name, what, d)
					}
				}
			}
		}
	}
}

func spoil(t *testing.T, dir string, files map[string][]byte, name string, damage func([]byte) []byte) {
	t.Helper()
	state := crashtest.State{Files: map[string][]byte{}}
	for n, b := range files {
		b = append([]byte(nil), b...)
		if n == name {
			b = damage(b)
		}
		state.Files[n] = b
	}
	if err := state.WriteTo(dir); err != nil {
		t.Fatal(err)
	}
}

// works opens the queue, checks what is in it, uses it, and does so again.
func works(t *testing.T, dir string) error {
	q := open(t, Options{Dir: dir, segment: testSegment})
	found, last := 0, -1
	for found < q.Stats().Messages {
		_, topic, payload := next(t, q)
		if topic == gapTopic {
			continue
		}
		var i int
		if _, err := fmt.Sscanf(payload, "%d ", &i); err != nil || i <= last || payload != fmt.Sprintf("%d %0*d", i, i, 0) {
			return fmt.Errorf("record %.20q after %d", payload, last)
		}
		found, last = found+1, i
	}
	dropped, aside := int(q.Stats().Dropped), q.Quarantined()
	if err := q.Storage(); err != nil {
		return err
	}
	if found+dropped < damagedRecords && aside == "" && last != found+dropped-1 {
		return fmt.Errorf("%d found, %d dropped, nothing set aside", found, dropped)
	}
	if err := errors.Join(q.Put("t", []byte("more")), q.Close()); err != nil {
		return err
	}
	q = open(t, Options{Dir: dir, segment: testSegment})
	if s := q.Stats(); s.Messages != found+1 || q.Storage() != nil {
		return fmt.Errorf("%+v the second time, want %d; %v", s, found+1, q.Storage())
	}
	return q.Close()
}

func TestDirectoriesInPlaceOfFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"queue.00000001", "queue.new"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "below"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	q := open(t, Options{Dir: dir})
	put(t, q, 0, 1)
	if err := errors.Join(q.Storage(), q.Flush()); err != nil {
		t.Error(err)
	}
	if q.Quarantined() == "" || q.Quarantined() != "" {
		t.Error("what was set aside is to be reported, once")
	}
}

func TestNewerSchemaIsLeftAlone(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	put(t, q, 0, 3)
	q.Close()
	path := filepath.Join(dir, "queue.00000001")
	appendState(t, dir, `{"schema":2,"stream":7,"other":true}`)
	before, _ := os.ReadFile(path)

	q = open(t, Options{Dir: dir})
	storageError(t, q.Storage(), errSchema)
	put(t, q, 3, 1)
	drain(t, q, 3, 1)
	q.Close()
	if after, _ := os.ReadFile(path); string(after) != string(before) || q.Quarantined() != "" {
		t.Error("the newer file was touched")
	}
}

// A file whose pages go bad while the queue is in use.
func TestDamageWhileInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		q := open(t, Options{Dir: dir})
		for i := range damagedRecords {
			q.Put("t", fmt.Appendf(nil, "%d %0*d", i, i, 0))
		}
		if err := q.Flush(); err != nil {
			t.Fatal(err)
		}
		noisePages(t, filepath.Join(dir, "queue.00000001"))
		stream := q.Stream()
		q.Put("t", []byte("after"))
		seq, topic, payload := next(t, q)
		if s := q.Stats(); topic != gapTopic || s.Dropped != damagedRecords || s.Messages != 1 || seq != damagedRecords {
			t.Errorf("%+v, want a gap of all, got %s", s, payload)
		}
		q.Ack(seq)
		if _, _, payload = next(t, q); payload != "after" || q.Quarantined() == "" || q.Stream() == stream {
			t.Errorf("got %.20q", payload)
		}
		if err := errors.Join(q.Flush(), q.Storage()); err != nil {
			t.Error(err)
		}
		q.Close()
	})
}

// What was read before the log has to be read again can still be dropped.
func TestDropWhatWasLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{MaxAge: time.Hour})
		put(t, q, 0, 3)
		if err := q.Flush(); err != nil {
			t.Fatal(err)
		}
		first, _, _ := next(t, q)
		time.Sleep(time.Second)
		q.mu.Lock()
		q.reopen, q.maxAge = true, time.Millisecond
		if r := q.peek(q.o.Now().stored()); r != nil || q.dropped != 2 {
			t.Errorf("%+v, %d dropped", r, q.dropped)
		}
		q.mu.Unlock()
		q.Ack(first)
		q.Close()
	})
}

// noisePages overwrites the file.
func noisePages(t *testing.T, path string) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(i*7 + 1)
	}
	info, _ := f.Stat()
	for at := int64(0); at < info.Size(); at += 4096 {
		if _, err := f.WriteAt(noise, at); err != nil {
			t.Fatal(err)
		}
	}
}

// appendState writes a frame with that state to the log in dir.
func appendState(t *testing.T, dir, state string) {
	t.Helper()
	opened, err := statedir.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	l := seglog.New(opened, seglog.Options{Name: logName})
	defer l.Close()
	if _, err := l.Open(); err != nil {
		t.Fatal(err)
	}
	if err := l.Resume(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Append([]byte(state), nil); err != nil {
		t.Fatal(err)
	}
}
