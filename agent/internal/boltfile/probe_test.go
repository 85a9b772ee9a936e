package boltfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/crashtest"
)

// TestMain lets the test binary stand for the program that probes.
func TestMain(m *testing.M) {
	crashtest.ServeProbes(boltfile.ProbeMain)
	if len(os.Args) == 3 {
		switch os.Args[1] {
		case "probe-db":
			os.Exit(boltfile.ProbeMain(os.Args[2]))
		case "hang":
			syscall.Pause()
		case "panic":
			panic("as bbolt does")
		}
	}
	os.Exit(m.Run())
}

func TestChildReportsDamage(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	sound := made(t, 8)
	img, err := os.ReadFile(sound)
	if err != nil {
		t.Fatal(err)
	}
	damaged := filepath.Join(crashtest.Dir(t), "damaged.db")
	clear(img[8192:]) // all but the meta pages
	if err := os.WriteFile(damaged, img, 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(crashtest.Dir(t), "missing.db")
	for _, c := range []struct {
		name, exe, mode, path string
		bad, none             bool
	}{
		{"sound", exe, "probe-db", sound, false, false},
		{"damaged", exe, "probe-db", damaged, true, false},
		{"missing", exe, "probe-db", missing, true, true},
		{"panic", exe, "panic", sound, true, false},
		{"no program", missing, "probe-db", sound, true, true},
	} {
		err := boltfile.Child(c.exe, c.mode)(t.Context(), c.path)
		if (err != nil) != c.bad || errors.Is(err, boltfile.ErrNoVerdict) != c.none {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestChildThatHangsIsKilled(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	err = boltfile.Child(exe, "hang")(ctx, "x.db")
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, boltfile.ErrNoVerdict) {
		t.Errorf("got %v", err)
	}
}
