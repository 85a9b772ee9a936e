//go:build real

package board

import (
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// machine is a virtual board with a disk, through all times that it has power.
type machine struct {
	testing.TB
	dir, disk, initramfs string
	qemu                 *e2e.Process
	call                 *rpc.Client
	boots                int
	cutAfter             time.Duration // the power fails that long after it came; 0: never
	failed               chan struct{} // closed when it does
}

// diskSize is enough for the state and what a full queue is tried with.
const diskSize = 48 << 20

func newMachine(t testing.TB, programs map[string]string) *machine {
	t.Helper()
	m := &machine{TB: t, dir: t.TempDir(), initramfs: initramfs(t, programs)}
	m.disk = filepath.Join(m.dir, "disk")
	f := e2e.Must(os.Create(m.disk))(t)
	if err := errors.Join(f.Truncate(diskSize), f.Close()); err != nil {
		t.Fatal(err)
	}
	if out, code := e2e.Run(t, "/sbin/mkfs.ext4", "-q", m.disk); code != 0 {
		t.Fatal(out)
	}
	return m
}

// instructionTime lets an instruction take 2 ns of the board's time, and the board's time stand still while the host does something
// else: what has to be done within a time inside the board is done within it on a slow and busy host too. Waits are as long as
// they are on the host.
const instructionTime = "shift=1"

// on gives the board power and returns when its first process listens.
func (m *machine) on() error {
	m.boots++
	path := filepath.Join(m.dir, fmt.Sprint("port", m.boots))
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return err
	}
	defer l.Close()
	m.qemu = e2e.Start(m, nil, "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "256", "-icount", instructionTime, "-display", "none", "-monitor", "none",
		"-no-reboot", "-serial", "stdio", "-kernel", e2e.Program("kernel"), "-initrd", m.initramfs, "-append", "quiet console=ttyAMA0 panic=-1",
		"-drive", "file="+m.disk+",if=none,id=disk,format=raw", "-device", "virtio-blk-device,drive=disk",
		"-netdev", "user,id=net", "-device", "virtio-net-device,netdev=net",
		"-chardev", "socket,id=port,path="+path, "-device", "virtio-serial-device", "-device", "virtserialport,chardev=port,name=board")
	qemu, failed := m.qemu, make(chan struct{})
	m.failed = failed
	if m.cutAfter > 0 {
		time.AfterFunc(m.cutAfter, func() { close(failed); qemu.Kill() })
	}
	go func() { <-qemu.Done(); l.Close() }()
	if err := l.SetDeadline(time.Now().Add(e2e.WaitLimit)); err != nil {
		return err
	}
	conn, err := l.Accept()
	if err != nil {
		return fmt.Errorf("qemu does not start: %w: %s", err, m.qemu.Text())
	}
	go func() { <-qemu.Done(); conn.Close() }()
	m.call = rpc.NewClient(conn)
	return m.do("Time", true, new(time.Time))
}

// cut takes the power away. What the board had not written to its disk is lost.
func (m *machine) cut() {
	m.qemu.Kill()
	if m.call != nil {
		m.call.Close()
	}
}

// hasFailed reports whether the power has failed at the moment that was set.
func (m *machine) hasFailed() bool {
	select {
	case <-m.failed:
		return true
	default:
		return false
	}
}

// errLost is what a call returns that is not answered.
var errLost = errors.New("the board does not answer")

// do lets the board's first process do something.
func (m *machine) do(what string, args, reply any) error {
	call := m.call.Go("Board."+what, args, reply, make(chan *rpc.Call, 1))
	select {
	case <-call.Done:
		if call.Error != nil {
			return fmt.Errorf("%s: %w", what, call.Error)
		}
		return nil
	case <-m.qemu.Done():
		return fmt.Errorf("%s: %w: qemu has ended", what, errLost)
	case <-time.After(2 * e2e.WaitLimit):
		return fmt.Errorf("%s: %w", what, errLost)
	}
}
