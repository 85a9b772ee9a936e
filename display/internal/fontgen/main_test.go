package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFilesAreUpToDate: the faces of package display are what this program makes of its sources.
func TestFilesAreUpToDate(t *testing.T) {
	files, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join("..", "..", "fonts")
	total := 0
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not up to date, run go generate ./display (%v)", name, err)
		}
		total += len(want)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(files) {
		t.Errorf("%d files for %d faces (%v)", len(entries), len(files), err)
	}
	if total > 100<<10 {
		t.Errorf("the faces take %d bytes", total)
	}
}
