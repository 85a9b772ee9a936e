// Command gallery writes contact sheets of all screens: one PNG for each panel and language, at double
// size, with names. Its test holds the same sheets, at single size, against those in testdata. With -readme
// it writes the README's pictures of panels instead; its test compares those, too.
//
// main.go writes the files, samples.go has the screens and panels, sheet.go sets them side by side, readme.go has the README's
// pictures.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"

	"github.com/paird/paird/display"
)

func main() {
	dir := flag.String("o", "screens", "folder to write to")
	language := flag.String("language", "", "only this language")
	width := flag.Int("width", 1300, "about how many pixels wide")
	size := flag.String("size", "", "only this panel, WxH; any size, followed by p for paper, pa for paper with an accent")
	readme := flag.Bool("readme", false, "the README's pictures instead")
	flag.Parse()
	if *readme {
		exit(writePictures(*dir))
	}
	exit(write(*dir, *language, *size, *width))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func write(dir, language, size string, width int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	all := panels()
	if size != "" {
		g := display.Geometry{Name: deviceName}
		var kind string
		if n, _ := fmt.Sscanf(size, "%dx%d%s", &g.Width, &g.Height, &kind); n < 2 {
			return fmt.Errorf("size %q is not of the form WxH or WxHp", size)
		}
		g.Paper, g.Accent = kind != "", kind == "pa"
		all = []display.Geometry{g}
	}
	for _, g := range all {
		for _, g.Language = range display.Languages() {
			if language != "" && language != g.Language {
				continue
			}
			name := filepath.Join(dir, fmt.Sprintf("%dx%d-%s.png", g.Width, g.Height, g.Language))
			columns := max(1, width/(g.Width*2+8))
			if err := save(name, sheet(samples(), g, columns, 2, true)); err != nil {
				return err
			}
		}
	}
	return nil
}

func save(name string, m image.Image) error {
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, m); err != nil {
		return err
	}
	fmt.Println(name)
	return os.WriteFile(name, b.Bytes(), 0o644)
}
