package boltfile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
	bolt "go.etcd.io/bbolt"
)

// Whatever the file holds, Open ends soon with a database that works; bbolt is never let near a file
// that would make it panic, hang or take a SIGBUS, any of which would end this test.
func TestDamageEndsInAWorkingDatabase(t *testing.T) {
	original, err := os.ReadFile(made(t, 30, false))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(crashtest.Dir(t), "x.db")
	r := rand.New(rand.NewPCG(7, 7))
	for i := range crashtest.States(t) / 5 {
		img, name := spoil(original, i, r)
		if err := os.WriteFile(path, img, 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := works(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

func works(path string) error {
	db, _, err := boltfile.Open(boltfile.Options{Path: path})
	if err != nil {
		return err
	}
	defer db.Close()
	if _, _, err := content(db); err != nil {
		return err
	}
	// A value may hold anything, so a bucket of the workload may have become one of another name.
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("new"))
		if err != nil {
			return err
		}
		return b.Put([]byte("k"), make([]byte, 3000))
	})
}

// spoil returns the image with damage number i.
func spoil(original []byte, i int, r *rand.Rand) ([]byte, string) {
	img := append([]byte(nil), original...)
	at := r.IntN(len(img))
	if i%2 == 0 { // most of a page is empty: aim at what is used
		at = at/4096*4096 + r.IntN(200)
	}
	switch i % 7 {
	case 0, 1, 2:
		img[at] ^= 1 << r.IntN(8)
		return img, fmt.Sprintf("bit flipped at %d", at)
	case 3:
		for j := at; j < min(len(img), at+1+r.IntN(40)); j++ {
			img[j] = byte(r.Uint32())
		}
		return img, fmt.Sprintf("noise at %d", at)
	case 4:
		return img[:at], fmt.Sprintf("cut to %d", at)
	case 5:
		from, to := at/4096*4096, r.IntN(len(img)/4096)*4096
		copy(img[to:to+4096], original[from:])
		return img, fmt.Sprintf("page %d in place of %d", from/4096, to/4096)
	}
	page := at / 4096 * 4096
	clear(img[page : page+4096])
	return img, fmt.Sprintf("page %d zeroed", page/4096)
}

// A new file is the only one with a list of free pages in it.
func TestDamagedFreelistIsSeen(t *testing.T) {
	fresh, err := os.ReadFile(made(t, 0, false))
	if err != nil {
		t.Fatal(err)
	}
	if err := boltfile.Verify(fresh); err != nil {
		t.Fatal(err)
	}
	const page = 2 * 4096
	for name, edit := range map[string]func(b []byte){
		"type":          func(b []byte) { b[page+8] = 2 },
		"page in use":   func(b []byte) { b[page+10], b[page+16] = 1, 3 },
		"page outside":  func(b []byte) { b[page+10], b[page+16] = 1, 9 },
		"page 0":        func(b []byte) { b[page+10] = 1 },
		"too many":      func(b []byte) { b[page+10], b[page+11] = 0xFE, 0xFF },
		"far too many":  func(b []byte) { b[page+10], b[page+11], b[page+19] = 0xFF, 0xFF, 0x7F },
		"long one of 0": func(b []byte) { b[page+10], b[page+11], b[page+16] = 0xFF, 0xFF, 1 },
	} {
		img := append([]byte(nil), fresh...)
		edit(img)
		if boltfile.Verify(img) == nil {
			t.Errorf("%s: not seen", name)
		}
	}
}

// FuzzVerify changes bytes of a good file beyond the metas, which a checksum guards. What passes the
// check has to be harmless to bbolt.
func FuzzVerify(f *testing.F) {
	original, err := os.ReadFile(made(f, 6, false))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0x20, 0x08, 0x01})
	f.Add([]byte{0x30, 0x0a, 0xff, 0x30, 0x10, 0x01})
	f.Fuzz(func(t *testing.T, edits []byte) {
		img := append([]byte(nil), original...)
		for ; len(edits) >= 3; edits = edits[3:] {
			img[8192+(int(edits[0])<<8|int(edits[1]))%(len(img)-8192)] = edits[2]
		}
		if boltfile.Verify(img) != nil {
			return
		}
		path := filepath.Join(crashtest.Dir(t), "x.db")
		if err := errors.Join(os.WriteFile(path, img, 0o600), works(path)); err != nil {
			t.Error(err)
		}
	})
}
