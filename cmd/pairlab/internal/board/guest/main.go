//go:build linux

// Command guest is the first process of the virtual board. It is what a board has around paird: the hardware, played by
// gpio-sim and by the register models of hal/bustest behind CUSE, and a service manager. A test on the host asks it by net/rpc
// over a virtio port to do things.
//
// In reading order: main.go, hands.go (what a person does to the board), panels.go (which panel is where), pins.go (gpio-sim),
// wires.go (a panel's pins beside its bus), cuse.go (character devices whose ioctls are answered here), buses.go (I2C and SPI),
// service.go (the daemon's life), network.go (link and time).
package main

import (
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err)
		os.Exit(1) // the kernel panics where the first process ends, and qemu ends with it
	}
}

// run is the program's life. The kernel starts it without arguments.
func run(args []string) error {
	if len(args) == 1 && args[0] == "note" {
		return note()
	}
	if err := prepare(); err != nil {
		return err
	}
	return serve()
}

// note is the hook: it keeps the event on its standard input.
func note() error {
	event, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	f, err := os.OpenFile("/run/events", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(event, '\n'))
	return errors.Join(err, f.Close())
}

// state is where the disk is mounted.
const state = "/var/lib/paird"

// prepare mounts what a system has, and the disk whose power may be cut.
func prepare() error {
	for _, m := range []struct{ what, on string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"configfs", "/sys/kernel/config"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"},
	} {
		if err := errors.Join(os.MkdirAll(m.on, 0o755), syscall.Mount(m.what, m.on, m.what, 0, "")); err != nil {
			return fmt.Errorf("mount %s: %w", m.on, err)
		}
	}
	const disk = "/dev/vda"
	err := errors.Join(os.MkdirAll(state, 0o755), syscall.Mount(disk, state, "ext4", syscall.MS_NOATIME, ""), os.Chmod(state, 0o700))
	return errors.Join(err, os.MkdirAll("/etc/paird", 0o755), os.MkdirAll("/run/paird", 0o755))
}

// serve answers the host until the power goes.
func serve() error {
	port, err := openPort()
	if err != nil {
		return err
	}
	s := rpc.NewServer()
	if err := s.RegisterName("Board", newHands()); err != nil {
		return err
	}
	s.ServeConn(port)
	return errors.New("the host has closed the port")
}

// openPort is the virtio port; its driver makes it shortly after the start.
func openPort() (*os.File, error) {
	for range 500 {
		if found, _ := filepath.Glob("/dev/vport*"); len(found) == 1 {
			return os.OpenFile(found[0], os.O_RDWR, 0)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, errors.New("no virtio port")
}
