package queue

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func bind(t *testing.T, q *Queue, account string, want int) {
	t.Helper()
	if n, err := q.Bind(account); n != want || err != nil {
		t.Fatalf("Bind(%q): %d, %v; want %d purged", account, n, err, want)
	}
}

func TestBind(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	put(t, q, 0, 3)
	bind(t, q, "alice", 0) // adopts what was unowned
	q.Close()

	q = open(t, Options{Dir: dir})
	bind(t, q, "alice", 0)
	put(t, q, 3, 3)
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
	put(t, q, 6, 1)
	next(t, q)
	bind(t, q, "bob", 7)
	q.abandon()

	q = open(t, Options{Dir: dir})
	bind(t, q, "bob", 0)
	if s := q.Stats(); s != (Stats{Dropped: 7}) {
		t.Errorf("%+v", s)
	}
	wantGap(t, q, 1, 7, 7)
	put(t, q, 7, 1)
	bind(t, q, "", 1)
	put(t, q, 8, 1)
	bind(t, q, "", 1)
	if s := q.Stats(); s != (Stats{Dropped: 9}) {
		t.Errorf("%+v", s)
	}
}

func TestPurgedRecordsStayAway(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{Dir: dir})
		bind(t, q, "alice", 0)
		put(t, q, 0, 4)
		time.Sleep(5 * time.Second) // on the disk
		put(t, q, 4, 4)
		bind(t, q, "bob", 8)
		q.abandon()
		q = open(t, Options{Dir: dir})
		wantGap(t, q, 1, 8, 8)
		empty(t, q)
		q.Close()
	})
}

// The owner has to be on the disk before the first record that is his.
func TestOwnerComesFirst(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{Dir: dir, Sync: Always, Tap: p.op})
		put(t, q, 0, 2)
		p.broken(syscall.ENOSPC)
		bind(t, q, "alice", 0)
		p.broken(nil)
		put(t, q, 2, 2)
		q.abandon()
		q = open(t, Options{Dir: dir})
		bind(t, q, "bob", 4)
		q.Close()
	})
}

func TestErase(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		q := open(t, Options{Dir: dir, MaxBytes: 1000})
		bind(t, q, "alice", 0)
		stream := q.Stream()
		for range 100 {
			q.Put("t", []byte("the secret reading"))
		}
		if err := q.Flush(); err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, "queue.damaged.broken-1"), []byte("the secret reading"), 0o600)
		other := filepath.Join(dir, "tokens.db")
		os.WriteFile(other, nil, 0o600)

		if err := q.Erase(); err != nil {
			t.Fatal(err)
		}
		left, _ := filepath.Glob(filepath.Join(dir, "*"))
		if len(left) != 1 || left[0] != other {
			t.Errorf("left: %v", left)
		}
		if s := q.Stats(); s != (Stats{}) || q.Stream() == stream {
			t.Errorf("%+v, stream %s", s, q.Stream())
		}
		put(t, q, 0, 2)
		bind(t, q, "bob", 0)
		if _, err := os.Stat(filepath.Join(dir, "queue.00000001")); !errors.Is(err, fs.ErrNotExist) {
			t.Error("the file is back before there is something to keep:", err)
		}
		time.Sleep(5 * time.Second)
		q.abandon()
		q = open(t, Options{Dir: dir})
		bind(t, q, "bob", 0)
		drain(t, q, 0, 2)
		empty(t, q)
		q.Close()
	})
}

// Removing is not enough while another program has the file open: the bytes go first.
func TestEraseOverwrites(t *testing.T) {
	dir := t.TempDir()
	q := open(t, Options{Dir: dir})
	q.Put("t", []byte("the secret reading"))
	if err := q.Flush(); err != nil {
		t.Fatal(err)
	}
	kept, err := os.Open(filepath.Join(dir, "queue.00000001"))
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	content := func() []byte {
		b, err := io.ReadAll(io.NewSectionReader(kept, 0, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Contains(content(), []byte("the secret reading")) {
		t.Fatal("the record is not in the file to begin with")
	}
	if err := q.Erase(); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content(), []byte("the secret reading")) {
		t.Error("the record is still there")
	}
}
