package crashtest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paird/paird/agent/internal/statedir"
)

// enumerate returns the states of the operations, of the kinds wanted, as text.
func enumerate(ops []statedir.Op, o Options, kinds ...string) []string {
	var all []string
	Enumerate(ops, o, func(s State) {
		if len(kinds) > 0 && !slices.Contains(kinds, s.Desc) {
			return
		}
		var text strings.Builder
		fmt.Fprintf(&text, "%d:", s.Mark)
		for _, name := range slices.Sorted(maps.Keys(s.Files)) {
			fmt.Fprintf(&text, " %s=%s", name, s.Files[name])
		}
		all = append(all, text.String())
	})
	slices.Sort(all)
	return all
}

func record(t *testing.T, work func(rec *Recorder, d *statedir.Dir) error) []statedir.Op {
	t.Helper()
	dir := Dir(t)
	rec := New(dir)
	d, err := statedir.Open(dir, rec.Tap)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := work(rec, d); err != nil {
		t.Fatal(err)
	}
	return rec.Ops()
}

// Two writes in any order, or none; the flush ends that. The file itself is there once its directory
// was flushed.
func TestEverySubsetOfPendingWrites(t *testing.T) {
	ops := []statedir.Op{
		{Kind: statedir.Create, Path: "f"},
		{Kind: statedir.SyncDir},
		{Kind: statedir.Write, Path: "f", Data: []byte("a")},
		{Kind: statedir.Write, Path: "f", Off: 1, Data: []byte("b")},
		{Kind: statedir.Sync, Path: "f"},
		{Kind: mark, Off: 7},
		{Kind: statedir.Truncate, Path: "f", Off: 1},
	}
	got := enumerate(ops, Options{}, "subset")
	want := []string{"-1:", "-1: f=", "-1: f=a", "-1: f=ab", "-1: f=\x00b", "7: f=a", "7: f=ab"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("states %q, want %q", got, want)
	}
}

// A file replaced in the way of statedir.Dir.WriteFile is old or new and never anything else; without
// one of the flushes it may be.
func TestReplacingAFile(t *testing.T) {
	ops := record(t, func(rec *Recorder, d *statedir.Dir) error {
		err := d.WriteFile("f", []byte("old"))
		rec.Mark(0)
		err = errors.Join(err, d.WriteFile("f", []byte("new")))
		rec.Mark(1)
		return err
	})
	broken := func(o Options) (n int) {
		Enumerate(ops, o, func(s State) {
			f, ok := s.Files["f"]
			switch s.Mark {
			case -1:
				if ok && string(f) != "old" {
					n++
				}
			case 0:
				if string(f) != "old" && string(f) != "new" {
					n++
				}
			case 1:
				if string(f) != "new" {
					n++
				}
			}
		})
		return n
	}
	if n := broken(Options{}); n > 0 {
		t.Errorf("%d states are neither old nor new", n)
	}
	for _, kind := range []statedir.Kind{statedir.Sync, statedir.SyncDir} {
		if broken(Options{Ignore: func(op statedir.Op) bool { return op.Kind == kind }}) == 0 {
			t.Errorf("without flushes of kind %d nothing is lost", kind)
		}
	}
}

func TestTornWrites(t *testing.T) {
	data := []byte(strings.Repeat("x", 1000))
	ops := []statedir.Op{
		{Kind: statedir.Create, Path: "f.db"}, {Kind: statedir.SyncDir},
		{Kind: statedir.Write, Path: "f.db", Data: make([]byte, 8192)}, {Kind: statedir.Sync, Path: "f.db"},
		{Kind: mark},
		{Kind: statedir.Write, Path: "f.db", Off: 4096, Data: slices.Concat(data, make([]byte, 3096))},
	}
	got := map[int]bool{}
	Enumerate(ops, Options{}, func(s State) {
		if s.Mark == 0 && s.Desc == "torn after" {
			got[strings.Count(string(s.Files["f.db"]), "x")] = true
		}
	})
	for _, n := range []int{4, 8, 124, 512} { // fine in a meta page, by sector elsewhere
		if !got[n] {
			t.Errorf("no write is torn after %d bytes: %v", n, got)
		}
	}
}

func TestLimitIsSpreadAndRepeatable(t *testing.T) {
	ops := record(t, func(rec *Recorder, d *statedir.Dir) error {
		f, err := d.Create("f")
		if err != nil {
			return err
		}
		defer f.Close()
		for i := range 20 {
			for j := range 5 {
				err = errors.Join(err, d.WriteAt(f, fmt.Append(nil, i, j), int64(j*600)))
			}
			err = errors.Join(err, d.SyncFile(f))
			rec.Mark(i)
		}
		return errors.Join(err, d.Sync())
	})
	o := Options{Limit: 100, Seed: 5}
	once, again := enumerate(ops, o), enumerate(ops, o)
	if len(once) != 100 || !reflect.DeepEqual(once, again) {
		t.Errorf("%d states, the same again: %t", len(once), reflect.DeepEqual(once, again))
	}
	marks := map[string]bool{}
	for _, s := range once {
		marks[s[:strings.Index(s, ":")]] = true
	}
	if len(marks) < 15 {
		t.Errorf("the states are of %d moments only", len(marks))
	}
	all := enumerate(ops, Options{Seed: 5})
	if slices.Sort(all); len(all) < 1000 || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%d states in all, not all distinct", len(all))
	}
}

func TestCheckCountsErrorsAndPanics(t *testing.T) {
	ops := []statedir.Op{
		{Kind: statedir.Create, Path: "f"}, {Kind: statedir.SyncDir},
		{Kind: statedir.Write, Path: "f", Data: []byte("a")}, {Kind: statedir.Sync, Path: "f"},
	}
	n, failed, first := examine(t, ops, Options{}, func(dir string, s State) error {
		b, err := os.ReadFile(filepath.Join(dir, "f"))
		if string(b) != string(s.Files["f"]) {
			t.Errorf("the directory holds %q, the state %q", b, s.Files["f"])
		}
		if string(b) == "a" {
			panic("a")
		}
		return err
	})
	if n < 3 || failed != 2 || first == nil { // no file, and a
		t.Errorf("%d states, %d failed, first %v", n, failed, first)
	}
}
