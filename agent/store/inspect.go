package store

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/paird/paird/agent/internal/statedir"
)

func (k keyring) protection(r *ring) string {
	stored := ""
	if r != nil {
		stored = r.Provider
	}
	p, err := k.choose(stored)
	if err != nil {
		return err.Error()
	}
	return p.protection()
}

// An Inspection is what Inspect saw of a state directory.
type Inspection struct {
	Dir        string
	UID        uint32      // the directory's owner
	Mode       fs.FileMode // the directory's permissions
	SealedBy   string      // "credential" or "file"; empty: nothing is sealed yet
	Credential bool        // the service manager passed one to this process
	KeyFile    bool        // there is a key file
	Protection string      // what the key in use, or the one that would be, protects against; one line
	Faults     []error     // folders and files that the daemon will refuse
}

// Inspect looks at a store that a daemon may have open: it takes no lock, changes nothing and goes by the
// slots. The error says that the directory is not safe to use or out of reach; one that is not there yet has Mode 0.
func Inspect(o Options) (Inspection, error) {
	o.Log = slog.New(slog.DiscardHandler)
	dir, err := statedir.Open(o.Dir, o.Tap)
	if errors.Is(err, fs.ErrNotExist) {
		return Inspection{Dir: o.Dir, Protection: keyring{o: o}.protection(nil)}, nil
	}
	if err != nil {
		return Inspection{Dir: o.Dir}, storageError("look at the key", o.Dir, err)
	}
	defer dir.Close()
	k := keyring{o, dir}
	in := Inspection{Dir: dir.Path("."), UID: dir.Facts().UID, Mode: dir.Facts().Mode.Perm(), Credential: k.hasCredential()}
	in.Faults = faults(dir)
	in.KeyFile, err = dir.Exists(keyFileName)
	if err != nil {
		return in, err
	}
	slots, err := readSlots(dir, o.Log)
	if err != nil {
		in.Protection = err.Error()
		return in, nil
	}
	var r *ring
	if sl := slots.newest(); sl != nil {
		r, in.SealedBy = sl.payload.Ring, sl.payload.Ring.Provider
	}
	in.Protection = k.protection(r)
	return in, nil
}

// faults lists the files of the store that are not safe to use.
func faults(dir *statedir.Dir) (all []error) {
	for _, name := range []string{keyFileName, slotAName, slotBName, dbName} {
		f, err := dir.Open(name, 0)
		if err == nil {
			err = f.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = append(all, err)
		}
	}
	return all
}

// String is the Inspection in one line.
func (in Inspection) String() string {
	if in.Mode == 0 {
		return fmt.Sprintf("%s; %s is not there yet", in.Protection, in.Dir)
	}
	key := "no key yet"
	switch {
	case in.SealedBy == sourceFile && in.Credential:
		key = "sealed with the key file, with the credential from the daemon's next start on"
	case in.SealedBy != "":
		key = "sealed with the " + map[string]string{sourceFile: "key file", sourceCredential: "credential"}[in.SealedBy]
	}
	return fmt.Sprintf("%s; %s (user %d, mode %04o): %s", in.Protection, in.Dir, in.UID, in.Mode, key)
}
