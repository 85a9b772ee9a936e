package boltfile

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/paird/paird/agent/internal/child"
	"github.com/paird/paird/agent/internal/oneline"
	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrNoVerdict: the probe could not be made, which says nothing about the file.
var ErrNoVerdict = errors.New("no verdict")

const (
	probeLimit  = 10 * time.Second // a damaged file can make bbolt hang; a board that is busy at boot needs seconds for a sound one
	probeOutput = 4 << 10          // bytes of its error output
	probeMemory = 256 << 20        // bytes; a sound file takes less than its size
)

// probeMapping is the part of the address space that bbolt maps the file to: 8 GiB, or 1 GiB where an address has
// 32 bits. An offset in a page has 32 bits and leads forward, so one that leads out of the file
// leads beyond its end in the mapping, and ends the process (SIGBUS).
const probeMapping = 1 << (30 + 3*(^uint(0)>>63))

// What ProbeMain returns, as the exit code of the process. A panic ends a Go program with 2.
const (
	probeSound     = 0
	probeDamaged   = 1
	probeNoVerdict = 3
)

// Child returns a Probe that runs `exe args... PATH`, a program that exits with ProbeMain(PATH).
func Child(exe string, args ...string) func(ctx context.Context, path string) error {
	return func(ctx context.Context, path string) error {
		program := child.Program{
			Command: append(append([]string{exe}, args...), path), Env: []string{"GOTRACEBACK=none"},
			Timeout: probeLimit, MaxOutput: probeOutput, CutOutput: true,
		}
		_, stderr, err := program.Run(ctx)
		if err == nil {
			return nil
		}
		err = fmt.Errorf("probe: %w: %s", err, oneline.First(string(stderr), 200))
		exit, ran := errors.AsType[*exec.ExitError](err)
		if hung := errors.Is(err, child.ErrTimeout) || ctx.Err() != nil; !hung && (!ran || exit.ExitCode() == probeNoVerdict) {
			return fmt.Errorf("%w: %w", ErrNoVerdict, err)
		}
		return err
	}
}

// ProbeMain opens the bbolt file at path for reading, runs bbolt's own check and returns the exit code for
// the process, which the file may kill or hang.
func ProbeMain(path string) int {
	// A page that refers to itself makes bbolt allocate without end: the memory that a board has is the daemon's.
	limitMemory(probeMemory)
	err := probeFile(path)
	if err == nil {
		return probeSound
	}
	fmt.Fprintln(os.Stderr, err)
	for _, none := range []error{os.ErrPermission, os.ErrNotExist, berrors.ErrTimeout, berrors.ErrVersionMismatch} {
		if errors.Is(err, none) {
			return probeNoVerdict
		}
	}
	return probeDamaged
}

func probeFile(path string) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		ReadOnly: true, PreLoadFreelist: true, Timeout: time.Second, FreelistType: bolt.FreelistMapType,
		InitialMmapSize: probeMapping,
	})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		if err := tx.ForEach(touch); err != nil {
			return err
		}
		var first error
		for err := range tx.Check() {
			if first == nil && !aboutMetaPage(err) {
				first = err
			}
		}
		return first
	})
}

// touch reads each byte of the keys and values: bbolt's check follows page numbers only.
func touch(_ []byte, b *bolt.Bucket) error {
	return b.ForEach(func(k, v []byte) error {
		_, _ = crc32.ChecksumIEEE(k), crc32.ChecksumIEEE(v)
		if v == nil {
			return touch(k, b.Bucket(k))
		}
		return nil
	})
}

// aboutMetaPage reports whether the error is about the header of a torn meta page while the other one
// is in use: two commits later it is gone, and nothing is lost.
func aboutMetaPage(err error) bool {
	s := err.Error()
	for _, about := range []string{"page 0: ", "page 1: ", "expected to be: 0,", "expected to be: 1,"} {
		if strings.Contains(s, about) {
			return true
		}
	}
	return false
}
