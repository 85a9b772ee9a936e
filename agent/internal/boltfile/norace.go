//go:build !race

package boltfile

const probeMemory = 256 << 20 // bytes; a sound file takes less than its size
