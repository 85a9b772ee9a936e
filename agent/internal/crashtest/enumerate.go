package crashtest

import (
	"hash/maphash"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/paird/paird/agent/internal/statedir"
)

// Options say which states to build.
type Options struct {
	Limit int    // distinct states to build, spread evenly over the recording; 0: all
	Seed  uint64 // of what is sampled

	// Fine says whether this write may be torn every 4 bytes; nil: only the meta pages of bbolt
	// files, which bbolt means to survive that.
	Fine func(statedir.Op) bool
	// Ignore says which operations did not happen, as a negative control: a flush, say. nil: none.
	Ignore func(statedir.Op) bool
}

// A State is what the disk may hold after a cut.
type State struct {
	Files map[string][]byte // contents by name, relative to the directory
	Mark  int               // the last promise made before the cut; -1: none yet
	Desc  string            // how it came about
}

// WriteTo makes dir hold the files of the state and nothing else.
func (s State) WriteTo(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	for name, data := range s.Files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Enumerate calls yield with each distinct state that a cut during the recorded operations could
// leave, up to o.Limit, and returns how many. The directory was empty when recording began.
func Enumerate(ops []statedir.Op, o Options, yield func(State)) int {
	e := enumeration{options: o, seen: map[uint64]bool{}, seed: maphash.MakeSeed(), yield: yield, stride: 1}
	steps := number(ops)
	if o.Limit > 0 {
		e.counting = true
		e.walk(steps)
		e.counting, e.stride = false, max(1, e.index/o.Limit)
	}
	for e.phase = range e.stride {
		e.index = 0
		e.walk(steps)
		if o.Limit > 0 && e.found >= o.Limit {
			break
		}
	}
	return e.found
}

type enumeration struct {
	options  Options
	rand     *rand.Rand
	seed     maphash.Seed
	seen     map[uint64]bool
	yield    func(State)
	counting bool // count the candidates, build none
	index    int  // of the candidate
	stride   int  // every so many candidates are built
	phase    int  // beginning with this one
	found    int

	medium  medium
	mark    int
	changed bool // something has happened since the states were last built
}

func (e *enumeration) walk(steps []step) {
	e.rand = rand.New(rand.NewPCG(e.options.Seed, 0))
	e.medium = medium{durable: newImage()}
	e.mark, e.changed = -1, true
	for _, s := range steps {
		if e.options.Ignore != nil && s.Kind != mark && e.options.Ignore(s.Op) {
			continue
		}
		if s.Kind == mark || s.Kind == statedir.Sync || s.Kind == statedir.SyncDir {
			e.cut()
		}
		if s.Kind == mark {
			e.mark, e.changed = int(s.Off), true
		} else if e.medium.take(s) {
			e.changed = true
		}
	}
	e.cut()
}

// cut builds the states that a cut at this moment could leave.
func (e *enumeration) cut() {
	if !e.changed {
		return
	}
	e.changed = false
	older := max(0, len(e.medium.pending)-maxWindow)
	window := e.medium.pending[older:]
	base := e.medium.snapshot()
	for _, p := range e.medium.pending[:older] {
		base.do(p)
	}
	for _, mask := range e.masks(len(window)) {
		e.candidate("subset", func() image { return build(base, window, mask) })
	}
	for i, p := range window {
		if p.Kind == statedir.Write {
			e.tear(base, window, i)
		}
	}
}

func build(base image, window []step, mask uint64) image {
	im := base.clone()
	for i, p := range window {
		if mask>>i&1 == 1 {
			im.do(p)
		}
	}
	return im
}

// candidate builds a state if it is its turn, and yields it if it is new.
func (e *enumeration) candidate(desc string, build func() image) {
	i := e.index
	e.index++
	if e.counting || i%e.stride != e.phase || e.options.Limit > 0 && e.found >= e.options.Limit {
		return
	}
	files := build().contents()
	if sum := e.sum(files); !e.seen[sum] {
		e.seen[sum] = true
		e.found++
		e.yield(State{Files: files, Mark: e.mark, Desc: desc})
	}
}

// sum differs from state to state. It adds up over the files, whose order is not defined.
func (e *enumeration) sum(files map[string][]byte) uint64 {
	total := uint64(e.mark+1) * 0x9E3779B97F4A7C15
	for name, data := range files {
		var h maphash.Hash
		h.SetSeed(e.seed)
		h.WriteString(name)
		h.WriteByte(0)
		h.Write(data)
		total += h.Sum64()
	}
	return total
}
