package boltfile

import (
	"bytes"
	"errors"
	"fmt"
)

const (
	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10
	elementSize  = 16
	bucketFlag   = 0x01
	bucketSize   = 16
)

// verify walks everything reachable from a meta in the image and says what bbolt would stumble
// over. It is at least as strict as the walk that bbolt does when it opens a file, and unlike that
// it ends for every input.
func verify(img []byte, m meta) error {
	if m.high < 3 || m.high > uint64(len(img))/pageSize {
		return fmt.Errorf("file of %d bytes, but %d pages in use", len(img), m.high)
	}
	w := walker{img: img, high: m.high, seen: make([]bool, m.high)}
	if err := w.tree(m.root, place{top: true}); err != nil {
		return err
	}
	if m.freelist == noFreelist {
		return nil
	}
	return w.freelist(m.freelist)
}

// A walker remembers the pages it has seen, so that no page is part of two things.
type walker struct {
	img  []byte
	high uint64
	seen []bool
}

// A page is the content of one page with its overflow, or of a bucket kept inside a value.
type page struct {
	id    uint64
	flags uint16
	count int
	data  []byte // with the header
}

func (w *walker) page(id uint64) (page, error) {
	if id < 2 || id >= w.high {
		return page{}, fmt.Errorf("page %d of %d", id, w.high)
	}
	p := parsePage(w.img[id*pageSize:])
	overflow := uint64(order.Uint32(p.data[12:]))
	if p.id != id || overflow >= w.high-id {
		return page{}, fmt.Errorf("page %d: damaged header", id)
	}
	for i := id; i <= id+overflow; i++ {
		if w.seen[i] {
			return page{}, fmt.Errorf("page %d: used twice", i)
		}
		w.seen[i] = true
	}
	p.data = p.data[:(overflow+1)*pageSize]
	return p, nil
}

func parsePage(b []byte) page {
	return page{id: order.Uint64(b), flags: order.Uint16(b[8:]), count: int(order.Uint16(b[10:])), data: b}
}

// A place says what may stand on a page: keys with lo <= key, key < hi (nil: no bound), and at the
// top of the file nothing but buckets, which bbolt takes for granted.
type place struct {
	lo, hi []byte
	top    bool
}

// tree checks the page and all below it.
func (w *walker) tree(id uint64, at place) error {
	p, err := w.page(id)
	if err != nil {
		return err
	}
	switch p.flags {
	case branchPage:
		return w.branch(p, at)
	case leafPage:
		return w.leaf(p, at)
	}
	return fmt.Errorf("page %d: unknown type %#x", id, p.flags)
}

func (w *walker) branch(p page, at place) error {
	if p.count == 0 {
		return fmt.Errorf("page %d: branch without children", p.id)
	}
	keys, err := p.keys(at)
	if err != nil {
		return err
	}
	for i, key := range keys {
		next := at.hi
		if i+1 < len(keys) {
			next = keys[i+1]
		}
		if err := w.tree(order.Uint64(p.element(i)[8:]), place{key, next, at.top}); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) leaf(p page, at place) error {
	if _, err := p.keys(at); err != nil {
		return err
	}
	for i := range p.count {
		value, isBucket, err := p.value(i)
		if err != nil {
			return err
		}
		if !isBucket && at.top {
			return fmt.Errorf("page %d: value %d is no bucket", p.id, i)
		}
		if !isBucket {
			continue
		}
		if err := w.bucket(p, value); err != nil {
			return err
		}
	}
	return nil
}

// bucket checks the value that stands for a bucket: its root page, or 0 and the page itself.
func (w *walker) bucket(p page, value []byte) error {
	if len(value) < bucketSize {
		return fmt.Errorf("page %d: damaged bucket", p.id)
	}
	if root := order.Uint64(value); root != 0 {
		return w.tree(root, place{})
	}
	inline := value[bucketSize:]
	if len(inline) < headerSize {
		return fmt.Errorf("page %d: damaged bucket", p.id)
	}
	q := parsePage(inline)
	if q.flags != leafPage {
		return fmt.Errorf("page %d: damaged bucket", p.id)
	}
	q.id = p.id
	return w.leaf(q, place{})
}

func (p page) element(i int) []byte {
	return p.data[headerSize+i*elementSize:][:elementSize]
}

// keys returns the keys of a page after checking where they lie and that they ascend.
func (p page) keys(at place) ([][]byte, error) {
	if headerSize+p.count*elementSize > len(p.data) {
		return nil, fmt.Errorf("page %d: %d elements do not fit", p.id, p.count)
	}
	keys := make([][]byte, p.count)
	for i := range keys {
		e := p.element(i)
		pos, size := order.Uint32(e), order.Uint32(e[4:]) // branch: pos, ksize, pgid
		if p.flags == leafPage {                          // leaf: flags, pos, ksize, vsize
			pos, size = order.Uint32(e[4:]), order.Uint32(e[8:])
		}
		key, ok := p.slice(i, uint64(pos), uint64(size))
		switch {
		case !ok:
			return nil, fmt.Errorf("page %d: key %d lies outside", p.id, i)
		case i == 0 && bytes.Compare(key, at.lo) < 0,
			i > 0 && bytes.Compare(key, keys[i-1]) <= 0,
			at.hi != nil && bytes.Compare(key, at.hi) >= 0:
			return nil, fmt.Errorf("page %d: key %d out of order", p.id, i)
		}
		keys[i] = key
	}
	return keys, nil
}

// value returns the value of element i of a leaf, whose keys have been checked.
func (p page) value(i int) (value []byte, isBucket bool, err error) {
	e := p.element(i)
	flags, pos := order.Uint32(e), uint64(order.Uint32(e[4:]))
	value, ok := p.slice(i, pos+uint64(order.Uint32(e[8:])), uint64(order.Uint32(e[12:])))
	if !ok || flags&^bucketFlag != 0 {
		return nil, false, fmt.Errorf("page %d: value %d is damaged", p.id, i)
	}
	return value, flags&bucketFlag != 0, nil
}

// slice is what lies pos bytes after element i.
func (p page) slice(i int, pos, size uint64) ([]byte, bool) {
	from := uint64(headerSize+i*elementSize) + pos
	if from+size > uint64(len(p.data)) {
		return nil, false
	}
	return p.data[from : from+size], true
}

func (w *walker) freelist(id uint64) error {
	p, err := w.page(id)
	if err != nil {
		return err
	}
	ids, count := p.data[headerSize:], p.count
	if p.count == 0xFFFF { // the count did not fit: it is the first entry
		count = int(order.Uint32(ids))
		ids = ids[8:]
	}
	if p.flags != freelistPage || count < 0 || count > len(ids)/8 {
		return errors.New("damaged freelist")
	}
	for i := range count {
		free := order.Uint64(ids[i*8:])
		if free < 2 || free >= w.high || w.seen[free] {
			return fmt.Errorf("freelist names page %d, which is in use", free)
		}
		w.seen[free] = true
	}
	return nil
}
