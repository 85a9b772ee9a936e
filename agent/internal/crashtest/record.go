package crashtest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/paird/paird/agent/internal/statedir"
)

// mark is the kind of an Op that is no operation but a promise: its number is in Off.
const mark = statedir.Kind(0xFF)

// A Recorder writes down the operations on the files of one directory, in order.
type Recorder struct {
	dir string
	mu  sync.Mutex
	ops []statedir.Op
}

// New returns a Recorder for the files of dir. Names in Ops and in a State are relative to it.
func New(dir string) *Recorder { return &Recorder{dir: dir} }

// Ops returns what was recorded so far.
func (r *Recorder) Ops() []statedir.Op {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.ops)
}

// Tap records an operation that changes the disk. It is a statedir.Tap.
func (r *Recorder) Tap(op statedir.Op) error {
	if !op.Kind.Changes() {
		return nil
	}
	op = relative(r.dir, op)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
	return nil
}

// Mark records that promise n holds from here on, such as "commit n was acknowledged" or "the
// server has seen request n".
func (r *Recorder) Mark(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, statedir.Op{Kind: mark, Off: int64(n)})
}

// relative is a copy of the operation with names relative to dir.
func relative(dir string, op statedir.Op) statedir.Op {
	op.Path, op.Data = nameIn(dir, op.Path), slices.Clone(op.Data)
	if op.To != "" {
		op.To = nameIn(dir, op.To)
	}
	return op
}

func nameIn(dir, path string) string {
	name, err := filepath.Rel(dir, path)
	if err != nil || strings.HasPrefix(name, "..") {
		panic(fmt.Sprintf("crashtest: %s is not in %s", path, dir))
	}
	return name
}

// Hook records what a *bbolt.DB writes from now on.
func (r *Recorder) Hook(db any) { Hook(db, r.Tap) }

// Hook calls tap for each operation of a *bbolt.DB before it is done; an error of tap becomes an
// error of the write. bbolt has no seam for it, so the function it writes with is replaced in place,
// and the flushes are inferred from the order of the writes (bbolt v1.5.0, Tx.Commit): a file that has
// grown was truncated and flushed; a meta page is written after a flush of all other pages and
// followed by one.
func Hook(db any, tap func(statedir.Op) error) {
	v := reflect.ValueOf(db).Elem()
	write := (*func([]byte, int64) (int, error))(v.FieldByName("ops").FieldByName("writeAt").Addr().UnsafePointer())
	h := hook{path: v.FieldByName("path").String(), write: *write, tap: tap}
	h.size = h.stat()
	*write = h.writeAt
}

type hook struct {
	path  string
	size  int64
	write func([]byte, int64) (int, error)
	tap   func(statedir.Op) error
}

func (h *hook) stat() int64 {
	info, err := os.Stat(h.path)
	if err != nil {
		panic(err)
	}
	return info.Size()
}

func (h *hook) writeAt(b []byte, off int64) (int, error) {
	sync := statedir.Op{Kind: statedir.Sync, Path: h.path}
	var ops []statedir.Op
	if size := h.stat(); size != h.size {
		h.size = size
		ops = append(ops, statedir.Op{Kind: statedir.Truncate, Path: h.path, Off: size}, sync)
	}
	isMeta := off < 2*4096
	if isMeta {
		ops = append(ops, sync)
	}
	for _, op := range append(ops, statedir.Op{Kind: statedir.Write, Path: h.path, Off: off, Data: b}) {
		if err := h.tap(op); err != nil {
			return 0, err
		}
	}
	n, err := h.write(b, off)
	if err == nil && isMeta {
		err = h.tap(sync)
	}
	return n, err
}
