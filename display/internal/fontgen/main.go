// Command fontgen rasterises the faces of package display into the folder it is given, one file each.
// It runs by go generate; what it writes is committed.
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

// tables are all faces. Those for text have capitals of as many pixels as the name says; where the lower
// case of the Go fonts (0.734 of the capitals) comes close to whole pixels as well. Those for the user
// code advance by as many; the larger ones hold only what codes are usually made of.
var tables = []table{
	{"text7", drawn},
	{"text9", capitals(gomedium.TTF, 9, latin+extended)},
	{"text11", capitals(gomedium.TTF, 11, latin+extended)},
	{"text15", capitals(gomedium.TTF, 15, latin+extended)},
	{"text19", capitals(gomedium.TTF, 19, western)},
	{"bold9", capitals(gobold.TTF, 9, latin)},
	{"bold11", capitals(gobold.TTF, 11, latin)},
	{"bold15", capitals(gobold.TTF, 15, latin)},
	{"bold19", capitals(gobold.TTF, 19, western)},
	{"bold26", capitals(gobold.TTF, 26, western)},
	{"code8", bitmap(inconsolata.Bold8x16, 10, ascii)},
	{"code9", advance(gomonobold.TTF, 9, ascii)},
	{"code10", advance(gomonobold.TTF, 10, ascii)},
	{"code11", advance(gomonobold.TTF, 11, ascii)},
	{"code12", advance(gomonobold.TTF, 12, ascii)},
	{"code13", advance(gomonobold.TTF, 13, ascii)},
	{"code14", advance(gomonobold.TTF, 14, ascii)},
	{"code15", advance(gomonobold.TTF, 15, ascii)},
	{"code16", advance(gomonobold.TTF, 16, ascii)},
	{"code18", advance(gomonobold.TTF, 18, usual)},
	{"code20", advance(gomonobold.TTF, 20, usual)},
	{"code22", advance(gomonobold.TTF, 22, usual)},
	{"code25", advance(gomonobold.TTF, 25, usual)},
	{"code28", advance(gomonobold.TTF, 28, usual)},
	{"code32", advance(gomonobold.TTF, 32, usual)},
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
