package main

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "screens")
	if err := write(dir, "de", "96x32", 400); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, "96x32-de.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, err := png.Decode(f)
	if err != nil || m.Bounds().Dx() < 96*2 || m.Bounds().Dx() > 450 {
		t.Errorf("the sheet is %v (%v)", m.Bounds(), err)
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
