//go:build !unix

package boltfile

// limitMemory does nothing: a process cannot bound itself here. The time limit of the probe ends it.
func limitMemory(uint64) {}
