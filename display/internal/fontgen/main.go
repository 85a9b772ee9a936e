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

// textCaps are the heights in pixels of the capitals of the text faces above the drawn one. At these
// the lower case of the Go fonts (0.734 of the capitals) comes close to whole pixels as well.
var textCaps = []int{9, 11, 15, 19}

// boldCaps are those of the faces for headings.
var boldCaps = []int{9, 11, 15, 19, 26}

// codeWidths are the advances in pixels of the faces for the user code. A face wider than fullCode
// holds only what codes are usually made of.
var codeWidths = []int{7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 25, 28, 32}

const fullCode = 16

// generate makes all faces by file name.
func generate() (map[string][]byte, error) {
	files := map[string][]byte{}
	small, err := drawn()
	if err != nil {
		return nil, err
	}
	files["text7.font"] = encode(small)
	for _, cap := range textCaps {
		f, err := byCapitals(gomedium.TTF, cap, latin+extended)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("text%d.font", cap)] = encode(f)
	}
	for _, cap := range boldCaps {
		f, err := byCapitals(gobold.TTF, cap, latin)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("bold%d.font", cap)] = encode(f)
	}
	for _, width := range codeWidths {
		set := ascii
		if width > fullCode {
			set = usual
		}
		f, err := byAdvance(gomonobold.TTF, width, set)
		if err != nil {
			return nil, err
		}
		files[fmt.Sprintf("code%d.font", width)] = encode(f)
	}
	return files, nil
}
