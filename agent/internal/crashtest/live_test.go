package crashtest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/paird/paird/agent/internal/statedir"
)

// What was flushed survives each cut, what is pending only some, and a write may be torn at a sector. Now is what the files
// hold.
func TestDiskCut(t *testing.T) {
	dir := Dir(t)
	d := NewDisk(dir, map[string][]byte{"old": []byte("before")})
	at := func(name string) string { return filepath.Join(dir, name) }
	long := make([]byte, 2*sector)
	for i := range long {
		long[i] = 1
	}
	for _, op := range []statedir.Op{
		{Kind: statedir.Create, Path: at("new")},
		{Kind: statedir.SyncDir, Path: dir},
		{Kind: statedir.Write, Path: at("new"), Data: []byte("durable")},
		{Kind: statedir.Sync, Path: at("new")},
		{Kind: statedir.Write, Path: at("old"), Data: long},
	} {
		if err := d.Tap(op); err != nil {
			t.Fatal(err)
		}
	}
	random, seen := rand.New(rand.NewPCG(1, 2)), map[string]bool{}
	for range 100 {
		s := d.Cut(random)
		if string(s.Files["new"]) != "durable" {
			t.Fatalf("what was flushed is %q", s.Files["new"])
		}
		seen[string(s.Files["old"])] = true
	}
	if !seen["before"] || !seen[string(long)] || !seen[string(long[:sector])] || len(seen) != 3 {
		t.Errorf("%d states of what is pending: it is lost, torn or done", len(seen))
	}
	if now := d.Now(); string(now.Files["old"]) != string(long) || d.Written() != int64(len(long)+len("durable")) {
		t.Errorf("now %d bytes, %d written", len(now.Files["old"]), d.Written())
	}
}

// A Disk goes on from the state that a cut has left.
func TestDiskGoesOn(t *testing.T) {
	dir := Dir(t)
	first := NewDisk(dir, nil)
	for _, op := range []statedir.Op{{Kind: statedir.Create, Path: filepath.Join(dir, "f")}, {Kind: statedir.Write, Path: filepath.Join(dir, "f"), Data: []byte("abc")}} {
		if err := first.Tap(op); err != nil {
			t.Fatal(err)
		}
	}
	s := first.Now()
	if err := s.WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	second := NewDisk(dir, s.Files)
	if err := second.Tap(statedir.Op{Kind: statedir.Write, Path: filepath.Join(dir, "f"), Off: 1, Data: []byte("X")}); err != nil {
		t.Fatal(err)
	}
	if got := string(second.Now().Files["f"]); got != "aXc" {
		t.Errorf("%q", got)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "f")); string(b) != "abc" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}
