// Command fontgen rasterises the faces of package display into the folder it is given, one file each.
// It runs by go generate; what it writes is committed.
//
// main.go has the list of faces, charset.go the characters, outline.go rasterises outline fonts, drawn.go reads the face drawn by
// hand and marks.go its accents, encode.go writes a face as Go.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/inconsolata"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fontgen DIRECTORY")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "fontgen:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	files, err := generate()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// table is what a file is made of.
type table struct {
	name string
	face func() (face, error)
}

// tables are all faces; capitals have as many pixels as the name says. The larger ones for the user code
// hold only what codes are usually made of.
var tables = []table{
	{"text7", drawn},
	{"text9", capitals(gomedium.TTF, 9, latin+extended)},
	{"text11", capitals(gomedium.TTF, 11, latin+extended)},
	{"text15", capitals(gomedium.TTF, 15, latin+extended)},
	{"text19", capitals(gomedium.TTF, 19, latin)},
	{"bold9", capitals(gobold.TTF, 9, latin)},
	{"bold11", capitals(gobold.TTF, 11, latin)},
	{"bold15", capitals(gobold.TTF, 15, latin)},
	{"bold19", capitals(gobold.TTF, 19, latin)},
	{"bold26", capitals(gobold.TTF, 26, latin)},
	{"code10", bitmap(inconsolata.Bold8x16, 10, ascii)},
	{"code12", monospaced(gomonobold.TTF, 12, ascii)},
	{"code14", monospaced(gomonobold.TTF, 14, ascii)},
	{"code16", monospaced(gomonobold.TTF, 16, usual)},
	{"code18", monospaced(gomonobold.TTF, 18, usual)},
	{"code20", monospaced(gomonobold.TTF, 20, usual)},
	{"code23", monospaced(gomonobold.TTF, 23, usual)},
	{"code26", monospaced(gomonobold.TTF, 26, usual)},
	{"code30", monospaced(gomonobold.TTF, 30, usual)},
	{"code35", monospaced(gomonobold.TTF, 35, usual)},
	{"code40", monospaced(gomonobold.TTF, 40, usual)},
}

// generate makes all faces by file name.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, t := range tables {
		f, err := t.face()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		files[t.name+".font"] = encode(f)
	}
	return files, nil
}
