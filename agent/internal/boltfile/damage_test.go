package boltfile_test

import (
	"encoding/binary"
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

// Whatever the file holds, it is found to be damaged or it works; bbolt is never let near a file in this
// process that would make it panic, hang or take a SIGBUS, any of which would end this test.
func TestDamageIsSeenOrHarmless(t *testing.T) {
	original, err := os.ReadFile(made(t, 30))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(crashtest.Dir(t), "x.db")
	o := options(t, path)
	o.Probe = crashtest.Probe(t)
	r := rand.New(rand.NewPCG(7, 7))
	seen, n := 0, crashtest.States(t)/5
	for i := range n {
		img, name := spoil(original, i, r)
		if err := os.WriteFile(path, img, 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		err := works(o)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
		if errors.Is(err, boltfile.ErrDamaged) {
			seen++
		} else if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if seen < n/20 || seen == n {
		t.Errorf("%d of %d damaged files were seen to be", seen, n)
	}
	t.Logf("%d of %d damaged files were seen to be", seen, n)
}

func works(o boltfile.Options) error {
	db, err := boltfile.Open(o)
	if err != nil {
		return err
	}
	defer db.Close()
	return boltfile.Guard(func() error {
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

// A file of which only free pages were cut off passes bbolt's check, and would end the process when bbolt uses them: it reads
// beyond what is mapped.
func TestFileWithoutItsFreePagesIsDamaged(t *testing.T) {
	path := filepath.Join(crashtest.Dir(t), "x.db")
	o := options(t, path)
	db, err := boltfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range []func(*bolt.Bucket) error{
		func(b *bolt.Bucket) error { return b.Put([]byte("k"), make([]byte, 10*4096)) },
		func(b *bolt.Bucket) error { return b.Delete([]byte("k")) },
		func(b *bolt.Bucket) error { return b.Put([]byte("k"), []byte("v")) },
	} {
		err = errors.Join(err, db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			return errors.Join(err, change(b))
		}))
	}
	if err := errors.Join(err, db.Close(), os.Truncate(path, 8*4096)); err != nil {
		t.Fatal(err)
	}
	if err := crashtest.Probe(t)(t.Context(), path); err != nil {
		t.Fatalf("more than free pages were cut off: %v", err)
	}
	if _, err := boltfile.Open(o); !errors.Is(err, boltfile.ErrDamaged) {
		t.Errorf("%v", err)
	}
}

// bbolt starts a file with a list of free pages, and trusts what is in it. Ours has none.
func TestNewFileHasNoFreelist(t *testing.T) {
	fresh, err := os.ReadFile(made(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	const freelistAt, none = 16 + 32, ^uint64(0) // of the meta's fields, after the page's header
	for _, page := range []int{0, 4096} {
		if list := binary.NativeEndian.Uint64(fresh[page+freelistAt:]); list != none {
			t.Errorf("the meta page at %d has its free pages in page %d", page, list)
		}
	}
}

// FuzzProbe changes bytes of a good file beyond the metas, which a checksum guards. What passes the
// probe has to be harmless to bbolt.
func FuzzProbe(f *testing.F) {
	original, err := os.ReadFile(made(f, 6))
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{0x20, 0x08, 0x01})
	f.Add([]byte{0x30, 0x0a, 0xff, 0x30, 0x10, 0x01})
	probe := crashtest.Probe(f)
	f.Fuzz(func(t *testing.T, edits []byte) {
		img := append([]byte(nil), original...)
		for ; len(edits) >= 3; edits = edits[3:] {
			img[8192+(int(edits[0])<<8|int(edits[1]))%(len(img)-8192)] = edits[2]
		}
		path := filepath.Join(crashtest.Dir(t), "x.db")
		o := options(t, path)
		o.Probe = probe
		err := errors.Join(os.WriteFile(path, img, 0o600), works(o))
		if err != nil && !errors.Is(err, boltfile.ErrDamaged) {
			t.Error(err)
		}
	})
}
