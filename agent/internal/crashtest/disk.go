package crashtest

import (
	"maps"
	"slices"

	"github.com/paird/paird/agent/internal/statedir"
)

// An image is a state of the disk: contents by number of the file, and which name is which file.
type image struct {
	files map[int][]byte
	names map[string]int
	own   map[int]bool // contents that are not shared with the image this is a clone of
}

func newImage() image { return image{map[int][]byte{}, map[string]int{}, map[int]bool{}} }

func (im image) clone() image {
	return image{maps.Clone(im.files), maps.Clone(im.names), map[int]bool{}}
}

// content returns the content of a file, of that size at least, to be changed.
func (im image) content(file, size int) []byte {
	data := im.files[file]
	if !im.own[file] || size > len(data) {
		data = make([]byte, max(size, len(data)))
		copy(data, im.files[file])
		im.files[file], im.own[file] = data, true
	}
	return data
}

// A step is an operation with the number of the file it is about, so that renaming does not matter.
type step struct {
	statedir.Op
	file int
}

func (s step) isName() bool {
	return s.Kind == statedir.Create || s.Kind == statedir.Rename || s.Kind == statedir.Remove
}

// apply does bytes [from, to) of the step; the two matter to a write alone.
func (im image) apply(s step, from, to int) {
	switch s.Kind {
	case statedir.Create:
		im.names[s.Path] = s.file
	case statedir.Remove:
		delete(im.names, s.Path)
	case statedir.Rename:
		delete(im.names, s.Path)
		im.names[s.To] = s.file
	case statedir.Truncate:
		im.files[s.file] = im.content(s.file, int(s.Off))[:s.Off]
	case statedir.Write:
		copy(im.content(s.file, int(s.Off)+to)[int(s.Off)+from:], s.Data[from:to])
	}
}

// do does all of the step.
func (im image) do(s step) { im.apply(s, 0, len(s.Data)) }

// contents are the files by name.
func (im image) contents() map[string][]byte {
	out := make(map[string][]byte, len(im.names))
	for name, file := range im.names {
		out[name] = im.files[file]
	}
	return out
}

// A medium is what a cut may leave: an image that is durable, and steps that are pending.
type medium struct {
	durable image
	pending []step
}

// take lets a step happen and reports whether a cut can leave something else now.
func (m *medium) take(s step) (changed bool) {
	switch s.Kind {
	case statedir.Sync:
		return m.flush(func(p step) bool { return p.file == s.file && !p.isName() })
	case statedir.SyncDir:
		return m.flush(step.isName)
	}
	m.pending = append(m.pending, s)
	return true
}

// flush makes the pending steps that match durable and reports whether there were any.
func (m *medium) flush(match func(step) bool) bool {
	var rest []step
	for _, p := range m.pending {
		if match(p) {
			m.durable.do(p)
		} else {
			rest = append(rest, p)
		}
	}
	flushed := len(rest) < len(m.pending)
	m.pending = rest
	return flushed
}

// snapshot is a copy of what is durable.
func (m *medium) snapshot() image {
	im := m.durable.clone()
	m.durable.own = map[int]bool{} // from now on shared with im
	return im
}

// number turns the operations into steps.
func number(ops []statedir.Op) []step {
	n := numbering{names: map[string]int{}}
	steps := make([]step, 0, len(ops))
	for _, op := range ops {
		steps = append(steps, n.step(op))
	}
	return slices.Clip(steps)
}

// A numbering gives each file a number, by the names that it has as the operations go on.
type numbering struct {
	names map[string]int
	next  int
}

func (n *numbering) step(op statedir.Op) step {
	switch op.Kind {
	case statedir.Create:
		n.add(op.Path)
	case statedir.Rename:
		n.names[op.To] = n.names[op.Path]
	}
	file, ok := n.names[op.Path]
	if !ok && op.Kind != mark && op.Kind != statedir.SyncDir && op.Kind != statedir.Remove {
		file = n.add(op.Path) // was there before the recording: not part of it
	}
	if op.Kind == statedir.Rename || op.Kind == statedir.Remove {
		delete(n.names, op.Path)
	}
	return step{op, file}
}

func (n *numbering) add(name string) int {
	n.names[name] = n.next
	n.next++
	return n.next - 1
}
