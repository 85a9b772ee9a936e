package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"testing"
)

// FuzzDecodeSlot: whatever the file holds, it is read as what was written or refused.
func FuzzDecodeSlot(f *testing.F) {
	written, err := slotPayload{Ring: &ring{Provider: "file"}, Sealed: []byte("sealed")}.encode(7)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(written)
	f.Add(make([]byte, slotSize))
	f.Add(append(bytes.Clone(written[:40]), 0xff))
	f.Fuzz(func(t *testing.T, b []byte) {
		gen, p, err := decodeSlot(b)
		if err != nil || gen == 0 {
			return
		}
		again, err := p.encode(gen)
		if err != nil {
			t.Fatal(err)
		}
		if gen2, p2, err := decodeSlot(again); err != nil || gen2 != gen || !bytes.Equal(p2.Sealed, p.Sealed) {
			t.Errorf("generation %d became %d: %v", gen, gen2, err)
		}
	})
}

// FuzzJournal: whatever has become of the journal's block, only what Intend wrote for this grant is an intent.
func FuzzJournal(f *testing.F) {
	seal, err := newSealer(make([]byte, dataKeySize), "device-1")
	if err != nil {
		f.Fatal(err)
	}
	g := grantN(1)
	rec := record{7, &g}
	f.Add([]byte{}, 0, journalSize)
	f.Add([]byte{1}, 15, journalSize) // another generation
	f.Add([]byte{1}, 0, journalSize)
	f.Add([]byte{0x80}, journalSize-1, journalSize)
	f.Add([]byte{}, 0, 40)
	f.Fuzz(func(t *testing.T, flip []byte, at, size int) {
		written := encodeJournal(intentEntry(seal, rec))
		block := bytes.Clone(written[:min(uint(size), journalSize)])
		for i := range flip {
			if n := at + i; n >= 0 && n < len(block) {
				block[n] ^= flip[i]
			}
		}
		if got := isIntent(seal, rec, decodeJournal(block)); got != bytes.Equal(block, written) {
			t.Errorf("an intent: %t", got)
		}
	})
}

func TestSlotsAreWrittenInTurnAndInPlace(t *testing.T) {
	s := open(t, testOptions(t))
	gens := func() (a, b uint64) {
		return slotGen(t, s.o.path(slotAName)), slotGen(t, s.o.path(slotBName))
	}
	inodes := stat(t, s.o.path(slotAName))
	for n, want := range [][2]uint64{{1, 0}, {1, 2}, {3, 2}, {3, 4}} {
		save(t, s, grantN(n))
		if a, b := gens(); [2]uint64{a, b} != want {
			t.Errorf("after %d: generations %d and %d, want %v", n+1, a, b, want)
		}
	}
	if info := stat(t, s.o.path(slotAName)); !os.SameFile(info, inodes) || info.Size() != slotSize {
		t.Errorf("the slot has %d bytes, the same file: %t", info.Size(), os.SameFile(info, inodes))
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func slotGen(t *testing.T, path string) uint64 {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint64(b[16:])
}

// A record larger than a slot makes the file grow, and is read back.
func TestLargeGrantFits(t *testing.T) {
	s := open(t, testOptions(t))
	large := grantN(1)
	large.RefreshToken = string(bytes.Repeat([]byte("r"), 30<<10))
	gen := save(t, s, large)
	if err := s.Intend(gen); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(s.o.path(dbName)); err != nil {
		t.Fatal(err)
	}
	s = open(t, s.o)
	if st := load(t, s); refreshToken(st) != large.RefreshToken || !st.Intent {
		t.Errorf("found %s", brief(st))
	}
}

// If the files are removed under a running daemon, what is said to be durable is.
func TestFilesRemovedWhileOpen(t *testing.T) {
	for name, remove := range map[string]func(s *Store) error{
		"tokens.db": func(s *Store) error { return os.Remove(s.o.path(dbName)) },
		"a slot":    func(s *Store) error { return os.Remove(s.o.path(slotAName)) },
		"all":       func(s *Store) error { return os.RemoveAll(s.o.Dir) },
	} {
		s := open(t, testOptions(t))
		save(t, s, grantN(0))
		if err := remove(s); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Save(grantN(1)); err != nil {
			_, err = s.Save(grantN(1))
			if err != nil {
				t.Errorf("%s removed: %v", name, err)
			}
		}
		s = reopen(t, s)
		if st := load(t, s); refreshToken(st) != grantN(1).RefreshToken {
			t.Errorf("%s removed: found %s", name, brief(st))
		}
		if sealed, ok := errors.AsType[*SealError](worksOn(s)); ok {
			t.Errorf("%s removed: %v", name, sealed)
		}
	}
}
