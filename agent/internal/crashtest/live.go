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
	durable image
	pending []step
	written int64
}

// NewDisk follows dir, which holds files: those of a State, or none.
func NewDisk(dir string, files map[string][]byte) *Disk {
	d := &Disk{dir: dir, numbers: numbering{names: map[string]int{}}, durable: newImage()}
	for name, data := range files {
		d.durable.names[name] = d.numbers.add(name)
		d.durable.files[d.durable.names[name]] = data
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
	s := d.numbers.step(relative(d.dir, op))
	d.written += int64(len(op.Data))
	switch s.Kind {
	case statedir.Sync:
		d.flush(func(p step) bool { return p.file == s.file && !p.isName() })
	case statedir.SyncDir:
		d.flush(step.isName)
	default:
		d.pending = append(d.pending, s)
	}
	if len(d.pending) > maxWindow { // a kernel does not keep the oldest for ever either
		d.durable.apply(d.pending[0], 0, len(d.pending[0].Data))
		d.pending = d.pending[1:]
	}
	return nil
}

// flush moves the pending steps that match to the disk.
func (d *Disk) flush(match func(step) bool) {
	var rest []step
	for _, p := range d.pending {
		if match(p) {
			d.durable.apply(p, 0, len(p.Data))
		} else {
			rest = append(rest, p)
		}
	}
	d.pending = rest
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
			im.apply(p, 0, len(p.Data))
		case 2:
			im.apply(p, 0, r.IntN(len(p.Data)/sector+1)*sector)
		}
	})
}

// Now is what the files hold without a cut.
func (d *Disk) Now() State {
	return d.state("now", func(im image, p step) { im.apply(p, 0, len(p.Data)) })
}

func (d *Disk) state(desc string, each func(image, step)) State {
	d.mu.Lock()
	defer d.mu.Unlock()
	im := d.durable.clone()
	d.durable.own = map[int]bool{} // from now on shared with im
	for _, p := range d.pending {
		each(im, p)
	}
	return State{Files: im.contents(), Mark: -1, Desc: desc}
}
