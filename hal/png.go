package hal

import (
	"image"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/paird/paird/hal/internal/ink"
)

// pngPanel writes each new picture to a file, one pixel a panel pixel. A reader of the file sees a whole
// picture or the one before, never a part.
type pngPanel struct {
	path   string
	encode func(io.Writer, image.Image) error

	mu    sync.Mutex
	frame *image.Paletted
	fresh bool // the file holds the frame
}

func newPNG(path string, encode func(io.Writer, image.Image) error, size image.Point, paper bool) *pngPanel {
	p := &pngPanel{path: path, encode: encode, frame: ink.New(size, false)}
	if paper {
		for i := range p.frame.Pix {
			p.frame.Pix[i] = ink.White
		}
	}
	return p
}

func (p *pngPanel) Bounds() image.Rectangle { return p.frame.Bounds() }

func (p *pngPanel) Draw(r image.Rectangle, src image.Image, sp image.Point) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if changed := ink.Draw(p.frame, r, src, sp); p.fresh && !changed {
		return nil
	}
	err := p.write()
	p.fresh = err == nil
	return err
}

// write replaces the file: a new one beside it, then a rename. It does not sync: the daemon draws the picture again at the next
// start.
func (p *pngPanel) write() (err error) {
	f, err := os.CreateTemp(filepath.Dir(p.path), "."+filepath.Base(p.path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	if err := p.encode(f, p.frame); err != nil {
		_ = f.Close() // the first error says more
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		_ = f.Close() // the first error says more
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), p.path)
}

// Halt leaves the last picture.
func (p *pngPanel) Halt() error { return nil }
