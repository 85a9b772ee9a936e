//go:build linux

// Start runs paird on the image's board. It waits until the card's boot partition is mounted, since paird reads its
// settings there at the start and gokrazy mounts it in the background. paird's log goes to the screen and to the
// serial port, if the kernel has one as console: there is no shell to read it in.
package main

import (
	"log"
	"os"
	"syscall"
	"time"
)

const (
	bootFolder = "/boot/firmware"
	notMounted = bootFolder + "/not-mounted" // is in the root file system, below the mounted one
	program    = "/usr/bin/paird"
	mountLimit = 20 * time.Second // a card that cannot be mounted must not keep paird from starting
)

func main() {
	if err := toConsole(); err != nil {
		log.Print("no console: ", err)
	}
	for waited := time.Duration(0); waited < mountLimit && !mounted(); waited += 100 * time.Millisecond {
		time.Sleep(100 * time.Millisecond)
	}
	if !mounted() {
		log.Printf("%s is not mounted: paird.toml of the card is not read", bootFolder)
	}
	log.Fatal(program, ": ", syscall.Exec(program, []string{program, "run"}, os.Environ()))
}

// toConsole has standard output and error go to the console.
func toConsole() error {
	console, err := os.OpenFile("/dev/console", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for _, fd := range []int{1, 2} {
		if err := syscall.Dup3(int(console.Fd()), fd, 0); err != nil {
			return err
		}
	}
	return nil
}

func mounted() bool {
	_, err := os.Lstat(notMounted)
	return os.IsNotExist(err)
}
