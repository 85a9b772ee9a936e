package boltfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrNoVerdict: the probe could not be made, which says nothing about the file.
var ErrNoVerdict = errors.New("no verdict")

// What ProbeMain returns, as the exit code of the process. A panic ends a Go program with 2.
const (
	probeSound     = 0
	probeDamaged   = 1
	probeNoVerdict = 3
)

// Child returns a Probe that runs `exe args... PATH`, a program that exits with ProbeMain(PATH).
func Child(exe string, args ...string) func(ctx context.Context, path string) error {
	return func(ctx context.Context, path string) error {
		var said strings.Builder
		cmd := exec.CommandContext(ctx, exe, append(args[:len(args):len(args)], path)...)
		cmd.Env = []string{"GOTRACEBACK=none"}
		cmd.Stderr = &said
		cmd.WaitDelay = time.Second
		err := cmd.Run()
		exit, ran := errors.AsType[*exec.ExitError](err)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("probe: %w", ctx.Err())
		case !ran || exit.ExitCode() == probeNoVerdict:
			return fmt.Errorf("%w: %w: %s", ErrNoVerdict, err, firstLine(said.String()))
		}
		return fmt.Errorf("probe: %w: %s", err, firstLine(said.String()))
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line[:min(len(line), 200)]
}

// ProbeMain opens the bbolt file at path for reading, reads all of it and returns the exit code for
// the process, which the file may well kill or hang: 0 sound, 1 damaged, 3 cannot tell.
func ProbeMain(path string) int {
	err := probeFile(path)
	if err == nil {
		return probeSound
	}
	fmt.Fprintln(os.Stderr, err)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) || errors.Is(err, berrors.ErrTimeout) {
		return probeNoVerdict
	}
	return probeDamaged
}

func probeFile(path string) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{
		ReadOnly: true, PreLoadFreelist: true, Timeout: time.Second, FreelistType: bolt.FreelistMapType,
	})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		if err := tx.ForEach(func(_ []byte, b *bolt.Bucket) error { return readAll(b) }); err != nil {
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

func readAll(b *bolt.Bucket) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return readAll(b.Bucket(k))
		}
		_, err := io.Discard.Write(v)
		return err
	})
}

// aboutMetaPage tells a complaint about the header of a torn meta page, whose other half is in use:
// two commits later it is gone, and nothing is lost.
func aboutMetaPage(err error) bool {
	s := err.Error()
	for _, about := range []string{"page 0: ", "page 1: ", "expected to be: 0,", "expected to be: 1,"} {
		if strings.Contains(s, about) {
			return true
		}
	}
	return false
}
