//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// From linux/fuse.h.
const (
	fuseOpen      = 14
	fuseRelease   = 18
	fuseFlush     = 25
	fuseInterrupt = 36
	fuseIoctl     = 39
	cuseInit      = 4096

	inHeader, outHeader   = 40, 16
	unrestrictedIoctl     = 1 << 0 // CUSE_UNRESTRICTED_IOCTL
	ioctlCompat           = 1 << 0 // FUSE_IOCTL_COMPAT: from a 32-bit program
	ioctlRetry            = 1 << 2 // FUSE_IOCTL_RETRY: the kernel is to fetch more memory
	fuseMajor, fuseMinor  = 7, 31
	longestRead, fullInit = 1 << 17, 72
)

var le = binary.LittleEndian

// An area is memory of the program that called ioctl.
type area struct{ base, size uint64 }

// A call is an ioctl. The kernel brings only the memory that was asked for, so the handler of one names what it needs with
// read and room, and is called again until nothing is missing. It acts only then.
type call struct {
	request  uint32
	arg      uint64
	compat   bool
	have     []byte // what the kernel has fetched: the areas of reads, one after the other
	space    uint64 // bytes that may be answered
	reads    []area
	rooms    []area
	missing  bool
	used     uint64 // of have
	reserved uint64 // of space
	out      []byte
	result   uint32
}

// read is memory of the program; nil while it is missing.
func (c *call) read(base, size uint64) []byte {
	c.reads = append(c.reads, area{base, size})
	c.used += size
	if c.used > uint64(len(c.have)) {
		c.missing = true
		return nil
	}
	return c.have[c.used-size : c.used]
}

// room reserves memory of the program for an answer.
func (c *call) room(base, size uint64) {
	c.rooms = append(c.rooms, area{base, size})
	c.reserved += size
	c.missing = c.missing || c.reserved > c.space
}

// serveDevice makes /dev/NAME and answers its ioctls one after the other.
func serveDevice(name string, handle func(*call) syscall.Errno) error {
	fd, err := syscall.Open("/dev/cuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("/dev/cuse: %w", err)
	}
	go func() {
		for buf := make([]byte, 1<<18); ; {
			n, err := syscall.Read(fd, buf)
			if err == nil {
				answer(fd, name, buf[:n], handle)
			} else if !errors.Is(err, syscall.EINTR) && !errors.Is(err, syscall.ENOENT) { // ENOENT: the request was taken back
				fmt.Fprintf(os.Stderr, "guest: /dev/%s: %v\n", name, err)
				return
			}
		}
	}()
	for range 500 {
		if _, err := os.Stat("/dev/" + name); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("CUSE makes no /dev/%s", name)
}

func answer(fd int, name string, b []byte, handle func(*call) syscall.Errno) {
	opcode, unique, body := le.Uint32(b[4:]), le.Uint64(b[8:]), b[inHeader:]
	switch opcode {
	case cuseInit:
		out := make([]byte, fullInit)
		le.PutUint32(out, fuseMajor)
		le.PutUint32(out[4:], fuseMinor)
		le.PutUint32(out[12:], unrestrictedIoctl)
		le.PutUint32(out[16:], longestRead)
		le.PutUint32(out[20:], longestRead)
		reply(fd, unique, 0, append(out, "DEVNAME="+name+"\x00"...))
	case fuseOpen:
		reply(fd, unique, 0, make([]byte, 16))
	case fuseRelease, fuseFlush:
		reply(fd, unique, 0, nil)
	case fuseInterrupt: // the answer comes soon enough
	case fuseIoctl:
		c := &call{compat: le.Uint32(body[8:])&ioctlCompat != 0, request: le.Uint32(body[12:]), arg: le.Uint64(body[16:]),
			space: uint64(le.Uint32(body[28:])), have: body[32:]}
		errno := handle(c)
		reply(fd, unique, errno, c.reply())
	default:
		reply(fd, unique, syscall.ENOSYS, nil)
	}
}

// reply is struct fuse_ioctl_out with what follows it.
func (c *call) reply() []byte {
	b := make([]byte, 16)
	if !c.missing {
		le.PutUint32(b, c.result)
		return append(b, c.out...)
	}
	le.PutUint32(b[4:], ioctlRetry)
	le.PutUint32(b[8:], uint32(len(c.reads)))
	le.PutUint32(b[12:], uint32(len(c.rooms)))
	for _, a := range append(c.reads, c.rooms...) {
		b = le.AppendUint64(b, a.base)
		b = le.AppendUint64(b, a.size)
	}
	return b
}

// reply writes an answer. An error of it means that the request was taken back.
func reply(fd int, unique uint64, errno syscall.Errno, body []byte) {
	if errno != 0 {
		body = nil
	}
	b := make([]byte, outHeader, outHeader+len(body))
	le.PutUint32(b, uint32(outHeader+len(body)))
	le.PutUint32(b[4:], uint32(-int32(errno)))
	le.PutUint64(b[8:], unique)
	_, _ = syscall.Write(fd, append(b, body...))
}
