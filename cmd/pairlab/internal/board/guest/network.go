//go:build linux

package main

import (
	"encoding/binary"
	"errors"
	"net"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The addresses of qemu's user network: the host's loopback is at gateway.
var (
	address = []byte{10, 0, 2, 15}
	mask    = []byte{255, 255, 255, 0}
	gateway = [4]byte{10, 0, 2, 2}
)

// setLink gives eth0 its address and route, or takes the link down.
func setLink(up bool) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if !up {
		return flags(fd, "eth0", 0)
	}
	return errors.Join(setAddress(fd, "lo", []byte{127, 0, 0, 1}, []byte{255, 0, 0, 0}), setAddress(fd, "eth0", address, mask), setRoute(fd))
}

func setAddress(fd int, link string, address, mask []byte) error {
	for _, set := range []struct {
		request uint
		value   []byte
	}{{unix.SIOCSIFADDR, address}, {unix.SIOCSIFNETMASK, mask}} {
		r, err := unix.NewIfreq(link)
		if err == nil {
			err = r.SetInet4Addr(set.value)
		}
		if err == nil {
			err = unix.IoctlIfreq(fd, set.request, r)
		}
		if err != nil {
			return err
		}
	}
	return flags(fd, link, unix.IFF_UP|unix.IFF_RUNNING)
}

func flags(fd int, link string, flags uint16) error {
	r, err := unix.NewIfreq(link)
	if err != nil {
		return err
	}
	r.SetUint16(flags)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, r)
}

// rtentry is that of linux/route.h on 64 bit.
type rtentry struct {
	_            uint64
	dst, gateway unix.RawSockaddrInet4
	mask         unix.RawSockaddrInet4
	flags        uint16
	_            [70]byte
}

// setRoute makes the gateway the default route.
func setRoute(fd int) error {
	any := unix.RawSockaddrInet4{Family: unix.AF_INET}
	r := rtentry{dst: any, mask: any, gateway: any, flags: unix.RTF_UP | unix.RTF_GATEWAY}
	r.gateway.Addr = gateway
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCADDRT, uintptr(unsafe.Pointer(&r)))
	if errno != 0 {
		return errno
	}
	return nil
}

// since1900 is the Unix epoch in seconds of NTP.
const since1900 = 2208988800

// setClock sets the clock by a server, synchronised as ntpd leaves it.
func setClock(server string) error {
	now, err := ask(server)
	if err != nil {
		return err
	}
	tv := unix.NsecToTimeval(now.UnixNano())
	if err := unix.Settimeofday(&tv); err != nil {
		return err
	}
	const adjStatus, adjMaxError, staPLL = 0x10, 0x4, 0x1 // adjtimex(2)
	_, err = unix.Adjtimex(&unix.Timex{Modes: adjStatus | adjMaxError, Status: staPLL})
	return err
}

// keepClock sets the clock again where it falls behind the server's, as it does on a busy host. The daemon takes tokens whose time
// is up to two minutes off.
func keepClock(server string) {
	for {
		time.Sleep(5 * time.Second)
		if now, err := ask(server); err == nil && time.Until(now).Abs() > 30*time.Second {
			_ = setClock(server) // it is tried again
		}
	}
}

// ask asks a server for the time (RFC 4330 section 4), in whole seconds.
func ask(server string) (now time.Time, err error) {
	c, err := net.Dial("udp", server)
	if err != nil {
		return now, err
	}
	defer c.Close()
	m := make([]byte, 48)
	m[0] = 4<<3 | 3 // version 4, client
	for range 10 {  // a datagram may be lost
		if err = c.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
			return now, err
		}
		if _, err = c.Write(m); err == nil {
			_, err = c.Read(m)
		}
		if err == nil {
			return time.Unix(int64(binary.BigEndian.Uint32(m[40:]))-since1900, 0), nil
		}
	}
	return now, err
}
