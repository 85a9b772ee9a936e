//go:build windows

// Command console runs a program on its own console and prints that console's mode: there alone is seen whether escape
// sequences are obeyed.
package main

import (
	"fmt"
	"os"
	"os/exec"

	"golang.org/x/sys/windows"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	fmt.Println(cmd.Run())
	var mode uint32
	err := windows.GetConsoleMode(windows.Handle(os.Stdout.Fd()), &mode)
	fmt.Println("escapes obeyed:", mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0, err)
}
