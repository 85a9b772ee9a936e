package statedir

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// FactsOf returns the facts of what was looked up. Owner and rights are in access control lists here, which the
// folder has from the user's profile; the mode says only whether a file may be written.
func FactsOf(info fs.FileInfo) Facts {
	return Facts{UID: uint32(os.Geteuid()), Links: 1, Mode: info.Mode() &^ othersWrite}
}

const errHeld = windows.ERROR_LOCK_VIOLATION // of lock

// lock locks a file in the folder, which cannot be locked itself here. The file is kept open in place of the folder.
func (d *Dir) lock() error {
	f, err := d.root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
	if err != nil {
		return errors.Join(err, f.Close())
	}
	old := d.self
	d.self = f
	return old.Close()
}

// syncNames does nothing: the journal of NTFS keeps the order of names, and a folder has no flush.
func syncNames(*os.File) error { return nil }
