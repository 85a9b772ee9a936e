package deviceauth

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/statedir"
)

// TestFileCache keeps what it was given last, and writes only what has changed.
func TestFileCache(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "metadata.json")
	c := FileCache(dir)
	if _, err := c.Load(); err == nil {
		t.Error("there is something already")
	}
	for _, text := range []string{`{"a":1}`, `{}`} {
		if err := c.Save([]byte(text)); err != nil {
			t.Error(err)
		}
		if b, err := c.Load(); err != nil || string(b) != text {
			t.Errorf("%q is now %q: %v", text, b, err)
		}
	}
	old := time.Unix(1e9, 0)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		text    string
		written bool
	}{{`{}`, false}, {`{"b":2}`, true}} {
		if err := c.Save([]byte(tt.text)); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.ModTime().Equal(old) == tt.written {
			t.Errorf("%s: %v, %v", tt.text, info.ModTime(), err)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) != 1 {
		t.Errorf("leaves %q", names)
	}
}

// A planted file is neither read nor written through.
func TestFileCacheRefusesPlantedFiles(t *testing.T) {
	target := filepath.Join(t.TempDir(), "target")
	for name, plant := range map[string]func(dir, file string) error{
		"symbolic link": func(_, file string) error { return os.Symlink(target, file) },
		"hard link":     func(_, file string) error { return os.Link(target, file) },
		"for all to write": func(_, file string) error {
			return errors.Join(os.WriteFile(file, []byte("x"), 0o600), os.Chmod(file, 0o666))
		},
		"open folder": func(dir, file string) error {
			return errors.Join(os.WriteFile(file, []byte("x"), 0o600), os.Chmod(dir, 0o777))
		},
	} {
		if err := os.WriteFile(target, []byte(metadataJSON(nil)), 0o600); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := plant(dir, filepath.Join(dir, "metadata.json")); err != nil {
			t.Fatal(err)
		}
		c := FileCache(dir)
		_, err := c.Load()
		_, unsafe := errors.AsType[*statedir.UnsafeError](err)
		if err == nil || !unsafe && !errors.Is(err, statedir.ErrNotOurs) {
			t.Errorf("%s: %v", name, err)
		}
		c.Save([]byte("{}"))
		if b, err := os.ReadFile(target); err != nil || string(b) != metadataJSON(nil) {
			t.Errorf("%s: the target is now %q, %v", name, b, err)
		}
	}
}
