package boltfile_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// The flushes that Hook infers from the order of the writes have to be those that bbolt really asks
// the kernel for, and a statedir.Dir has to do what it says. The kernel is asked: it reports the system calls
// of this one thread.
func TestHookSeesWhatTheKernelSees(t *testing.T) {
	dir, rec, folder := recorded(t)
	o := options(t, filepath.Join(dir, "x.db"))
	o.Opened = func(db *bolt.DB) { rec.Hook(db) }
	db, err := boltfile.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	calls := make(chan []string)
	work := func() error {
		return errors.Join(commits(db), folder.WriteFile("file", []byte("content")))
	}
	go func() { calls <- traced(t, work) }()
	seen := <-calls
	if seen == nil {
		t.Log("the kernel does not let this process watch itself: the order was not compared")
		return
	}
	var inferred []string
	for _, op := range rec.Ops() {
		switch op.Kind {
		case statedir.Write:
			inferred = append(inferred, fmt.Sprintf("write %d at %d", len(op.Data), op.Off))
		case statedir.Truncate:
			inferred = append(inferred, fmt.Sprintf("truncate %d", op.Off))
		case statedir.Rename:
			inferred = append(inferred, "rename")
		case statedir.Sync, statedir.SyncDir:
			inferred = append(inferred, "sync")
		}
	}
	if !slices.Equal(inferred, seen) {
		t.Errorf("inferred\n\t%s\nthe kernel saw\n\t%s", strings.Join(inferred, "\n\t"), strings.Join(seen, "\n\t"))
	}
	t.Logf("%d system calls", len(seen))
}

// commits makes the file grow, more than once.
func commits(db *bolt.DB) error {
	for k := range 12 {
		err := db.Update(func(tx *bolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			return b.Put(fmt.Append(nil, k), make([]byte, k*3000))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// A filter lets the kernel ask about the system calls that change a file (seccomp(2),
// SECCOMP_RET_USER_NOTIF) and allows all others.
func filter() []unix.SockFilter {
	const load, equal, give = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	watched := []uint32{unix.SYS_PWRITE64, unix.SYS_FTRUNCATE, unix.SYS_FDATASYNC, unix.SYS_FSYNC, unix.SYS_RENAMEAT}
	f := []unix.SockFilter{{Code: load}} // the number of the call is at offset 0
	for i, nr := range watched {
		f = append(f, unix.SockFilter{Code: equal, K: nr, Jt: uint8(len(watched) - i)})
	}
	return append(f,
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: give, K: unix.SECCOMP_RET_USER_NOTIF})
}

// notification and response are struct seccomp_notif and seccomp_notif_resp.
type notification struct {
	id         uint64
	pid, flags uint32
	nr         int32
	arch       uint32
	ip         uint64
	args       [6]uint64
}

type response struct {
	id    uint64
	value int64
	err   int32
	flags uint32
}

// traced runs work on a thread of its own, which ends with this goroutine, and returns the watched
// calls in order; nil if the kernel does not allow it.
func traced(t *testing.T, work func() error) []string {
	runtime.LockOSThread()
	f := filter()
	prog := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil
	}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return nil
	}
	defer unix.Close(int(fd))
	calls := make(chan string)
	stop := make(chan struct{})
	go func() {
		defer close(calls)
		watch(int(fd), calls, stop)
	}()
	var seen []string
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		for c := range calls {
			seen = append(seen, c)
		}
	}()
	if err := work(); err != nil {
		t.Error(err)
	}
	close(stop)
	<-collected
	return seen
}

// watch lets each call go on after sending its description, until stop.
func watch(fd int, calls chan<- string, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(ready, 50); n == 0 || errors.Is(err, unix.EINTR) {
			continue
		}
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue
		}
		calls <- describe(n)
		r := response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		_, _, _ = unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
	}
}

func describe(n notification) string {
	switch n.nr {
	case unix.SYS_PWRITE64:
		return fmt.Sprintf("write %d at %d", n.args[2], n.args[3])
	case unix.SYS_FTRUNCATE:
		return fmt.Sprintf("truncate %d", n.args[1])
	case unix.SYS_RENAMEAT:
		return "rename"
	}
	return "sync"
}
