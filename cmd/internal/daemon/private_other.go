//go:build !linux

package daemon

// KeepMemoryPrivate does nothing: this system has no such setting.
func KeepMemoryPrivate() error { return nil }
