//go:build unix

package statedir

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
)

func TestAllocateAndReadAt(t *testing.T) {
	var ops []Op
	d, _ := made(t, func(op Op) error { ops = append(ops, op); return nil })
	f, err := d.Create("x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := d.Allocate(f, 10000); err != nil {
		t.Fatal(err)
	}
	if op := ops[len(ops)-1]; op.Kind != Truncate || op.Off != 10000 || op.Path != d.Path("x") {
		t.Errorf("%+v", op)
	}
	if info, err := f.Stat(); err != nil || info.Size() != 10000 {
		t.Errorf("%v, %v", info, err)
	}
	if err := d.WriteAt(f, []byte("content"), 9993); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 7)
	if err := d.ReadAt(f, b, 9993); err != nil || string(b) != "content" {
		t.Errorf("%q, %v", b, err)
	}
	if err := d.ReadAt(f, b, 9994); !errors.Is(err, io.EOF) {
		t.Errorf("beyond the end: %v", err)
	}
}

// Wiping overwrites what is there, and only where no other program can have the file.
func TestWipe(t *testing.T) {
	d, path := made(t, nil)
	put(t, d.Path("x"), "the secret")
	open, err := os.Open(d.Path("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	target := plant(t, path, "the secret")
	for _, name := range []string{"x", "name", "link", "pipe", "folder", "none"} {
		if err := d.Wipe(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if b, err := io.ReadAll(open); err != nil || !bytes.Equal(b, make([]byte, 10)) {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := os.ReadFile(target); err != nil || string(b) != "the secret" {
		t.Errorf("%q, %v", b, err)
	}
	names, err := d.Names()
	if err != nil || len(names) != 3 {
		t.Errorf("left: %q, %v", names, err)
	}
}

func TestWipeThatFails(t *testing.T) {
	for _, kind := range []Kind{Lookup, OpenFile, Write, Sync, Remove} {
		on := false
		d, _ := made(t, func(op Op) error {
			if on && op.Kind == kind {
				return syscall.EIO
			}
			return nil
		})
		put(t, d.Path("x"), "the secret")
		on = true
		if err := d.Wipe("x"); !errors.Is(err, syscall.EIO) {
			t.Errorf("operation of kind %d refused: %v", kind, err)
		}
	}
}
