// Package boltfile creates, probes, opens and quarantines bbolt files safely.
package boltfile
