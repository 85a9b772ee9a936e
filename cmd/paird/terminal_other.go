//go:build !windows

package main

import "os"

// takesEscapes reports whether a terminal obeys escape sequences: all do that TERM does not call dumb.
func takesEscapes(*os.File) bool { return true }
