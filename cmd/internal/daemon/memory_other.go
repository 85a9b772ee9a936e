//go:build !linux

package daemon

// Elsewhere than on a board memory is not scarce.
func unmapProgram() {}
