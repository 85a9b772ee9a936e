package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"github.com/paird/paird/hal/bench"
	"github.com/paird/paird/hal/bustest"
)

// replayOptions are those of `pairlab replay`.
type replayOptions struct{ file, folder string }

func replayFlags(args []string, stderr io.Writer) (o replayOptions, err error) {
	f := flag.NewFlagSet("pairlab replay", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.folder, "o", "frames", "`folder` for the pictures")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() == 0 {
		return o, fmt.Errorf("replay: give the file that \"pairlab record\" wrote")
	}
	o.file = f.Arg(0)
	if err := f.Parse(f.Args()[1:]); err != nil { // flags may stand behind the file
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("replay: unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

// replay writes what the model of the panel shows after each operation of a recording, and prints what went wrong on the board.
func replay(o replayOptions, stdout io.Writer) error {
	file, err := os.Open(o.file)
	if err != nil {
		return err
	}
	defer file.Close()
	t, err := bustest.ParseTraffic(file)
	if err != nil {
		return fmt.Errorf("%s: %w", o.file, err)
	}
	frames, violations, failed := bench.Replay(t)
	if failed != nil && len(frames) == 0 {
		return fmt.Errorf("%s: %w", o.file, failed)
	}
	fmt.Fprintf(stdout, "%s, %dx%d, recorded by pairlab %q\n", t.Panel, t.Size.X, t.Size.Y, t.Version)
	if err := os.MkdirAll(o.folder, 0o755); err != nil {
		return err
	}
	for i, f := range frames {
		if err := writeFrame(o.folder, i, f, stdout); err != nil {
			return err
		}
	}
	for _, v := range violations[:min(len(violations), 10)] {
		fmt.Fprintf(stdout, "against the datasheet: %s\n", v)
	}
	if failed != nil {
		return fmt.Errorf("%s: %w", o.file, failed)
	}
	return nil
}

func writeFrame(folder string, i int, f bench.Frame, stdout io.Writer) error {
	name := filepath.Join(folder, fmt.Sprintf("%02d-%s.png", i, f.Operation))
	fmt.Fprint(stdout, name)
	if f.Busy > 0 {
		fmt.Fprintf(stdout, ", BUSY for %v", f.Busy)
	}
	fmt.Fprintln(stdout)
	for _, e := range f.Errors {
		fmt.Fprintf(stdout, "  error: %q\n", e)
	}
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := png.Encode(file, inked(f.Image)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return file.Close()
}

// inked gives the values of a model's picture their colours.
func inked(m *image.Gray) image.Image {
	inks := color.Palette{color.Black, color.White, color.RGBA{R: 0xd0, A: 0xff}, color.RGBA{R: 0xe0, G: 0xa0, A: 0xff}, color.Gray{Y: 0x80}}
	at := map[uint8]uint8{0: 0, 255: 1, 200: 2, 100: 3, 128: 4}
	p := image.NewPaletted(m.Rect, inks)
	for i, v := range m.Pix {
		p.Pix[i] = at[v]
	}
	return p
}
