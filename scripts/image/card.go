package main

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const sector = 512 // bytes

// partition is the GUID that gokrazy gives to a partition (github.com/gokrazy/tools/packer, GPTPARTUUID): it depends on
// the host's name and nothing else.
func partition(host string, number int) string {
	h := fnv.New32a()
	h.Write([]byte(host))
	return fmt.Sprintf("60c24cc1-f3f9-427a-8199-%08x00%02x", h.Sum32(), number)
}

// card makes the file system for the state (partition 4), and the boot partition (1) again: gokrazy's is as large as
// what is in it, so a laptop could not save a file there.
func (m image) card(raw string) error {
	if err := m.state(raw); err != nil {
		return err
	}
	start, size, err := extent(raw, 1)
	if err != nil {
		return err
	}
	files := filepath.Join(m.work, "boot")
	at := fmt.Sprintf("%s@@%d", raw, start)
	if err := os.Mkdir(files, 0o755); err != nil {
		return err
	}
	if err := m.quietly(exec.Command("mcopy", "-s", "-i", at, "::*", files)); err != nil {
		return err
	}
	settings, err := os.ReadFile(cmp.Or(m.settings, filepath.Join(m.Root, "scripts", "card", "paird.toml")))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(files, "paird.toml"), settings, 0o644); err != nil {
		return err
	}
	// FAT16 with clusters of 4 KiB.
	format := exec.Command("mformat", "-i", at, "-T", fmt.Sprint(size/sector), "-h", "255", "-s", "63", "-c", "8", "-v", "PAIRD", "-N", "50414952", "::")
	if err := m.quietly(format); err != nil {
		return err
	}
	return m.fill(at, files)
}

// state makes the empty file system for what paird keeps.
func (m image) state(raw string) error {
	start, size, err := extent(raw, 4)
	if err != nil {
		return err
	}
	id := partition(instanceName, 4)
	return m.quietly(exec.Command("mke2fs", "-q", "-F", "-t", "ext4", "-L", "paird-state", "-U", id, "-m", "0",
		"-E", fmt.Sprintf("offset=%d,hash_seed=%s,lazy_itable_init=0,lazy_journal_init=0,nodiscard", start, id),
		raw, fmt.Sprintf("%dk", size/1024)))
}

// fill copies a folder to a FAT file system, in the order of the names and with the time of build.
func (m image) fill(at, from string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		to := "::/" + strings.TrimPrefix(strings.TrimPrefix(path, from), "/")
		if path != from {
			if err := m.quietly(exec.Command("mmd", "-i", at, to)); err != nil {
				return err
			}
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		args := []string{"-m", "-i", at}
		for _, e := range entries {
			if name := filepath.Join(path, e.Name()); !e.IsDir() {
				args = append(args, name)
				err = errors.Join(err, os.Chtimes(name, m.Built, m.Built))
			}
		}
		if err != nil || len(args) == 3 {
			return err
		}
		return m.quietly(exec.Command("mcopy", append(args, to)...))
	})
}

// extent reads where a partition lies in the image, in bytes, from its GPT (UEFI specification 5.3): the header is in
// sector 1, the entries of 128 bytes begin in sector 2, first and last LBA are at 32 and 40.
func extent(raw string, number int) (start, size int64, err error) {
	f, err := os.Open(raw)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	var header [8]byte
	if _, err := f.ReadAt(header[:], sector); err != nil || string(header[:]) != "EFI PART" {
		return 0, 0, fmt.Errorf("%s has no GPT: %w", raw, err)
	}
	var entry [128]byte
	if _, err := f.ReadAt(entry[:], 2*sector+int64(number-1)*int64(len(entry))); err != nil {
		return 0, 0, err
	}
	first := int64(binary.LittleEndian.Uint64(entry[32:]))
	last := int64(binary.LittleEndian.Uint64(entry[40:]))
	if first == 0 || last < first {
		return 0, 0, fmt.Errorf("%s has no partition %d", raw, number)
	}
	return first * sector, (last - first + 1) * sector, nil
}
