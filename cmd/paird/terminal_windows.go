package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesEscapes makes a console obey escape sequences, and reports whether it does: until asked it prints them, and before
// Windows 10 always.
func takesEscapes(f *os.File) bool {
	var mode uint32
	console := windows.Handle(f.Fd())
	return windows.GetConsoleMode(console, &mode) == nil &&
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
