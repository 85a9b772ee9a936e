package hal

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"sync"

	"github.com/paird/paird/hal/internal/ink"
)

// terminal draws two pixels a character with half blocks and redraws in place.
type terminal struct {
	mu    sync.Mutex
	w     io.Writer
	frame *image.Paletted
	drawn bool // the cursor stands below a picture of ours
}

func newTerminal(w io.Writer, size image.Point) *terminal {
	return &terminal{w: w, frame: ink.New(size, false)}
}

func (t *terminal) Bounds() image.Rectangle { return t.frame.Bounds() }

func (t *terminal) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := bytes.Clone(t.frame.Pix)
	ink.Draw(t.frame, r, src, sp)
	if t.drawn && bytes.Equal(before, t.frame.Pix) {
		return nil
	}
	var b bytes.Buffer
	if t.drawn {
		fmt.Fprintf(&b, "\x1b[%dF", (t.frame.Rect.Dy()+1)/2) // ECMA-48 8.3.13: up to the picture's first line
	}
	t.render(&b)
	_, err := t.w.Write(b.Bytes())
	t.drawn = err == nil
	return err
}

// render writes the frame line by line, black on the terminal's black whatever its colours: a QR code must
// not come out inverted.
func (t *terminal) render(b *bytes.Buffer) {
	size := t.frame.Rect.Size()
	lit := func(x, y int) bool { return y < size.Y && t.frame.Pix[t.frame.PixOffset(x, y)] == ink.White }
	for y := 0; y < size.Y; y += 2 {
		b.WriteString("\x1b[97;40m")
		for x := range size.X {
			switch {
			case lit(x, y) && lit(x, y+1):
				b.WriteString("█")
			case lit(x, y):
				b.WriteString("▀")
			case lit(x, y+1):
				b.WriteString("▄")
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString("\x1b[0m\n")
	}
}

// Halt leaves the last picture where it is.
func (t *terminal) Halt() error { return nil }
