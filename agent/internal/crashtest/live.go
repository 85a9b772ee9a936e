package crashtest

import (
	"math/rand/v2"
	"sync"

	"github.com/paird/paird/agent/internal/statedir"
)

// A Disk follows the files of one directory while a program runs, for a power cut at a moment of the test's choice. It
// keeps no history: what is durable, and what is pending. Without a Disk, Enumerate tries every moment of a recording.
type Disk struct {
	dir string

	mu      sync.Mutex
	numbers numbering
	medium  medium
	written int64
}

// NewDisk follows dir, which holds files: those of a State, or none.
func NewDisk(dir string, files map[string][]byte) *Disk {
	d := &Disk{dir: dir, numbers: numbering{names: map[string]int{}}, medium: medium{durable: newImage()}}
	for name, data := range files {
		file := d.numbers.add(name)
		d.medium.durable.names[name], d.medium.durable.files[file] = file, data
	}
	return d
}

// Tap follows an operation. It is a statedir.Tap.
func (d *Disk) Tap(op statedir.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.written += int64(len(op.Data))
	m := &d.medium
	m.take(d.numbers.step(relative(d.dir, op)))
	if len(m.pending) > maxWindow { // a kernel writes the oldest sooner or later
		m.durable.do(m.pending[0])
		m.pending = m.pending[1:]
	}
	return nil
}

// Hook follows what a *bbolt.DB writes from now on.
func (d *Disk) Hook(db any) { Hook(db, d.Tap) }

// Written is how many bytes were written so far.
func (d *Disk) Written() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written
}

// Cut is what a power cut leaves now: each pending operation is done or not, by chance, and one write may be torn at a
// sector.
func (d *Disk) Cut(r *rand.Rand) State {
	return d.state("cut", func(im image, p step) {
		switch r.IntN(5) {
		case 0, 1:
			im.do(p)
		case 2:
			im.apply(p, 0, r.IntN(len(p.Data)/sector+1)*sector)
		}
	})
}

// Now is what the files hold without a cut.
func (d *Disk) Now() State {
	return d.state("now", image.do)
}

func (d *Disk) state(desc string, each func(image, step)) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	im := d.medium.snapshot()
	for _, p := range d.medium.pending {
		each(im, p)
	}
	return State{Files: im.contents(), Mark: -1, Desc: desc}
}
