package hal

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"os"
	"sync"
	"time"

	"github.com/paird/paird/hal/internal/ink"
	"github.com/paird/paird/hal/internal/linuxio"
)

// terminal draws two pixels a character with half blocks and draws each picture over the last.
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
	if changed := ink.Draw(t.frame, r, src, sp); t.drawn && !changed {
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

// A terminal sends a key when it goes down and while it is held, and nothing when it is released. So the button is up once no
// key came for as long as keyboards wait before they repeat.
const releaseAfter = 700 * time.Millisecond

// keyHold turns key strokes into edges. It is pure: it knows the time only from its caller.
type keyHold struct {
	down bool
	last time.Time // the last stroke
}

// stroke takes the space key at a time and returns the edge it means, if any.
func (k *keyHold) stroke(now time.Time) (Edge, bool) {
	k.last = now
	if k.down {
		return Edge{}, false
	}
	k.down = true
	return Edge{Down: true, At: now}, true
}

// released returns the edge that is certain when no stroke came until now.
func (k *keyHold) released(now time.Time) (Edge, bool) {
	if !k.down || now.Sub(k.last) < releaseAfter {
		return Edge{}, false
	}
	k.down = false
	return Edge{At: now}, true
}

// openKeys makes the space key of the terminal that is drawn on a button. Without a keyboard there is none.
func (b *Board) openKeys(o Options, e *edges) {
	f, ok := o.Terminal.(*os.File)
	if !ok || !linuxio.IsTerminal(f) {
		return
	}
	keyboard, err := linuxio.OpenKeyboard()
	if err != nil {
		o.Log.Info("the space key is no button here", "err", err)
		return
	}
	b.close = append(b.close, watchKeys(keyboard, e))
}

// watchKeys sends presses of the space key until the function it returns is called.
func watchKeys(keyboard io.ReadCloser, e *edges) (stop func() error) {
	strokes := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(strokes)
		var keys [64]byte
		for {
			n, err := keyboard.Read(keys[:])
			if err != nil {
				return
			}
			for _, key := range keys[:n] {
				if key == ' ' {
					strokes <- struct{}{}
				}
			}
		}
	}()
	go func() {
		defer close(done)
		sendKeys(strokes, e)
	}()
	return func() error {
		err := keyboard.Close()
		<-done
		return err
	}
}

// sendKeys turns strokes into edges until the strokes end.
func sendKeys(strokes <-chan struct{}, e *edges) {
	var k keyHold
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case _, more := <-strokes:
			if !more {
				return
			}
			if edge, ok := k.stroke(time.Now()); ok {
				e.put(edge.Down, edge.At)
			}
			timer.Reset(releaseAfter)
		case <-timer.C:
			if edge, ok := k.released(time.Now()); ok {
				e.put(edge.Down, edge.At)
			}
		}
	}
}
