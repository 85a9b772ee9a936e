//go:build race

package boltfile

const probeMemory = 1 << 62 // bytes: the race detector maps far more than it uses
