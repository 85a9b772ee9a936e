package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"log/slog"
	"os"
	"reflect"
	"testing"

	bolt "go.etcd.io/bbolt"
)

func textLog(w *bytes.Buffer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// flip damages the meta pages of a bbolt file.
func flip(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[40] ^= 1
	b[4096+40] ^= 1
	write(t, path, string(b))
}

// setSchema makes the store of o one that another version wrote.
func setSchema(t *testing.T, o Options, sc schema) {
	t.Helper()
	s := open(t, o)
	save(t, s, grantN(1))
	err := s.copies.update(func(t table) error { return t.put(metaBucket, schemaKey, sc.encode()) })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
}

// isLeftAlone checks that the store is refused and not a byte is changed.
func isLeftAlone(t *testing.T, o Options) {
	t.Helper()
	before := snapshot(t, o.Dir)
	if _, err := Open(o); !errors.Is(err, ErrNewerSchema) {
		t.Errorf("Open: %v", err)
	}
	if !reflect.DeepEqual(snapshot(t, o.Dir), before) {
		t.Error("the store was changed")
	}
}

func TestNewerDatabaseIsLeftAlone(t *testing.T) {
	o := testOptions(t)
	setSchema(t, o, schema{version: schemaVersion + 2, compat: schemaVersion + 1})
	isLeftAlone(t, o)
}

// An update that is taken back finds what the next version wrote, and goes on with it.
func TestNextVersionIsUsed(t *testing.T) {
	o := testOptions(t)
	next := schema{version: schemaVersion + 1, compat: schemaVersion}
	setSchema(t, o, next)
	s := open(t, o)
	if st := load(t, s); refreshToken(st) != grantN(1).RefreshToken {
		t.Errorf("found %s", brief(st))
	}
	save(t, s, grantN(2))
	var kept schema
	err := s.copies.db.bolt.View(func(tx *bolt.Tx) error {
		kept = decodeSchema(tx.Bucket(metaBucket).Get(schemaKey))
		return nil
	})
	if err != nil || kept != next {
		t.Errorf("the schema is %+v, %v", kept, err)
	}
}

// testdata/schema-1 is a store as version 1 left it, in the middle of a refresh.
func TestVersionBeforeIsOpenedAndMarked(t *testing.T) {
	o := testOptions(t)
	copyDir(t, "testdata/schema-1", o.Dir)
	s := open(t, o)
	one, two := grantN(1), grantN(2)
	if st := load(t, s); !reflect.DeepEqual(st, State{Grant: &two, Gen: 2, Intent: true, Previous: essence(&one)}) {
		t.Fatalf("found %s", brief(st))
	}
	pending, err := s.Pending()
	if err != nil || string(pending) != "pending" {
		t.Errorf("pending is %q, %v", pending, err)
	}
	if err := s.SaveAnswer(grantN(3)); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	var marked schema
	err = s.copies.db.bolt.View(func(tx *bolt.Tx) error {
		marked = decodeSchema(tx.Bucket(metaBucket).Get(schemaKey))
		return nil
	})
	if marked.compat != 2 { // version 1 uses what says 1 at most
		t.Errorf("version 1 would use it: %+v, %v", marked, err)
	}
	if g, ok, err := s.Answer(); err != nil || !ok || !reflect.DeepEqual(g, grantN(3)) {
		t.Errorf("the answer is %+v, %t, %v", g, ok, err)
	}
	if err := worksOn(s); err != nil {
		t.Error(err)
	}
}

func TestNewerSlotIsLeftAlone(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	save(t, s, grantN(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(o.path(slotAName))
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint16(b[8:], schemaVersion+2)
	binary.BigEndian.PutUint16(b[10:], schemaVersion+1)
	size := binary.BigEndian.Uint32(b[12:])
	sum := sha256.Sum256(append(bytes.Clone(b[:24]), b[slotHeader:slotHeader+size]...))
	copy(b[24:], sum[:])
	write(t, o.path(slotAName), string(b))
	flip(t, o.path(dbName)) // would be set aside, if anything were touched
	isLeftAlone(t, o)
}

func TestNewerFormatOfTheDatabaseIsLeftAlone(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	save(t, s, grantN(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(o.path(dbName))
	if err != nil {
		t.Fatal(err)
	}
	for _, meta := range [][]byte{b[16:80], b[4096+16 : 4096+80]} {
		binary.NativeEndian.PutUint32(meta[4:], 3)
		sum := fnv.New64a()
		sum.Write(meta[:56])
		binary.NativeEndian.PutUint64(meta[56:], sum.Sum64())
	}
	write(t, o.path(dbName), string(b))
	isLeftAlone(t, o)
}
