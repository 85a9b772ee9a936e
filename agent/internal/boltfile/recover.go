package boltfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const keepBroken = 2 // files set aside that are kept, for whoever wants to know why

// create makes an empty database under another name and moves it to o.Path.
func (o Options) create() error {
	temp := o.Path + ".new"
	if err := o.Disk.Remove(temp); err != nil {
		return err
	}
	if err := o.Disk.Note(Op{Kind: Create, Path: temp}); err != nil {
		return err
	}
	if err := o.initialise(temp); err != nil {
		return errors.Join(err, o.Disk.Remove(temp))
	}
	if err := o.Disk.Rename(temp, o.Path); err != nil {
		return err
	}
	return o.Disk.SyncDir(filepath.Dir(o.Path))
}

func (o Options) initialise(temp string) error {
	db, err := o.open(temp)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	img, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	img = append(img, make([]byte, max(0, o.Allocate-len(img)))...)
	if err := o.Disk.WriteAt(f, img, 0); err != nil {
		return err
	}
	return o.Disk.Sync(f)
}

// replace sets the file aside and begins a new one.
func (o Options) replace(r *Report, damage *damageError) error {
	aside, err := SetAside(o.Path, o.Disk)
	if err != nil {
		return err
	}
	r.Created, r.Reverted, r.Quarantined, r.Reason = true, false, aside, damage.Error()
	o.Log.Error("the database is damaged: set aside, beginning a new one", "path", aside, "reason", r.Reason)
	return o.create()
}

// revert keeps a copy of the file and takes back its newest commit. Where the disk has no room for
// the copy there is none.
func (o Options) revert(r *Report, img []byte, newest meta, damage *damageError) error {
	aside := o.Path + ".broken-" + strconv.Itoa(nextBroken(o.Path))
	if err := o.copyAside(aside, img); err != nil {
		o.Log.Warn("could not copy the damaged database", "path", aside, "err", err)
		aside = ""
	}
	if err := o.dropMeta(newest); err != nil {
		return err
	}
	r.Reverted, r.Quarantined, r.Reason = true, aside, damage.Error()
	o.Log.Error("the newest commit is damaged: went back to the one before", "path", o.Path, "copy", aside, "reason", r.Reason)
	if err := o.probe(); err != nil {
		return o.replace(r, damage)
	}
	return nil
}

// copyAside is for whoever wants to look into it later: it need not survive a power cut.
func (o Options) copyAside(aside string, img []byte) error {
	f, err := o.Disk.Create(aside)
	if err != nil {
		return err
	}
	err = errors.Join(o.Disk.WriteAt(f, img, 0), f.Close())
	if err != nil {
		return errors.Join(err, o.Disk.Remove(aside))
	}
	return prune(o.Path, o.Disk)
}

// dropMeta makes bbolt take the other meta.
func (o Options) dropMeta(m meta) error {
	f, err := os.OpenFile(o.Path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := o.Disk.WriteAt(f, make([]byte, 512), int64(m.page)*pageSize); err != nil {
		return err
	}
	return o.Disk.Sync(f)
}

// SetAside renames the file to PATH.broken-N, N one more than any there is, keeps the newest two of
// them and returns the new path.
func SetAside(path string, d Disk) (string, error) {
	aside := fmt.Sprintf("%s.broken-%d", path, nextBroken(path))
	if err := d.Rename(path, aside); err != nil {
		return "", err
	}
	if err := prune(path, d); err != nil {
		return "", err
	}
	return aside, d.SyncDir(filepath.Dir(path))
}

// broken lists the numbers of the files set aside, ascending.
func broken(path string) []int {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil // the renaming that follows will say so
	}
	var numbers []int
	for _, e := range entries {
		s, ok := strings.CutPrefix(e.Name(), filepath.Base(path)+".broken-")
		if n, err := strconv.Atoi(s); ok && err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers
}

func nextBroken(path string) int {
	if n := broken(path); len(n) > 0 {
		return n[len(n)-1] + 1
	}
	return 1
}

func prune(path string, d Disk) error {
	numbers := broken(path)
	for _, n := range numbers[:max(0, len(numbers)-keepBroken)] {
		if err := d.Remove(fmt.Sprintf("%s.broken-%d", path, n)); err != nil {
			return err
		}
	}
	return nil
}
