package main

import (
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "screens")
	if err := write(dir, "de", "96x32", 400); err != nil {
		t.Fatal(err)
	}
	if m := decode(t, filepath.Join(dir, "96x32-de.png")); m.Bounds().Dx() < 96*2 || m.Bounds().Dx() > 450 {
		t.Errorf("the sheet is %v", m.Bounds())
	}
	if err := write(dir, "", "large", 400); err == nil {
		t.Error("a size of no numbers is taken")
	}
}

func TestWritePictures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pictures")
	if err := writePictures(dir); err != nil {
		t.Fatal(err)
	}
	for name, picture := range pictures() {
		same(t, filepath.Join(dir, name), picture)
	}
}
