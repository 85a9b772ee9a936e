package store

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/paird/paird/agent/internal/statedir"
)

// copies are the two places that hold the grant: the slots, and tokens.db. The slots are written first.
type copies struct {
	o    Options
	dir  *statedir.Dir
	keys keyring

	slots  *slotPair // nil: not open
	db     *database // nil: tokens.db cannot be opened, for the reason dbErr
	dbErr  error
	ring   *ring   // nil: nothing has been sealed yet
	seal   *sealer // nil: the data key is not unwrapped
	missed int     // how many operations in a row have found tokens.db out of reach
	level  bool    // slots and tokens.db have been compared and brought to one generation

	unsaved  *record // the newest grant, where only a slot has it and not in full
	degraded error   // what keeps one of the copies from being complete
	unsealed error   // why the store could not be sealed with the credential
	notes    []string
}

// open reads the slots first: a newer schema shows in them, and then nothing must be touched.
func (c *copies) open(dir *statedir.Dir) error {
	slots, err := readSlots(dir, c.o.Log)
	if err != nil {
		return err
	}
	c.dir, c.keys = dir, keyring{c.o, dir}
	if err := c.openDatabase(slots); err != nil {
		return err
	}
	if err := slots.allocate(); err != nil {
		c.degrade(err)
	}
	c.slots = slots
	return nil
}

// mostMissed is how many operations in a row may find tokens.db out of reach before it is set aside.
const mostMissed = 3

// openDatabase opens tokens.db. A damaged one is set aside: a slot takes its place, or, where no copy of the grant is
// left, the device begins as an unpaired one. While it is out of reach the slots go on alone.
func (c *copies) openDatabase(slots *slotPair) error {
	db, err := openDatabase(c.o, c.dir)
	if err == nil {
		c.db, c.missed = db, 0
		return nil
	}
	damaged := errors.Is(err, errDamaged)
	switch {
	case !damaged && !outOfReach(err):
		return err
	case slots.unreadable() != nil: // the newest grant may be there
		return slots.unreadable()
	case slots.newest() == nil && !damaged:
		return err
	}
	if c.missed++; damaged || c.missed >= mostMissed {
		if err = c.replaceDatabase(err); err == nil || slots.newest() == nil {
			return err
		}
	}
	c.dbErr = err
	c.degrade(err)
	return nil
}

// outOfReach reports whether the disk does not give the file, or has no room for a new one.
func outOfReach(err error) bool {
	return damagedDisk(err) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// replaceDatabase sets tokens.db aside and opens a new one.
func (c *copies) replaceDatabase(reason error) error {
	aside, err := c.dir.SetAside(dbName)
	if err != nil {
		return err
	}
	c.o.Log.Error("tokens.db is set aside, going on from the slots", "path", aside, "reason", reason)
	c.notes = append(c.notes, fmt.Sprintf("%s was set aside as %s: %v", dbName, aside, reason))
	c.db, err = openDatabase(c.o, c.dir)
	return err
}

// current reports whether everything is open and still has its name.
func (c *copies) current() bool { return c.slots != nil && c.db != nil && c.db.current() }

// close closes the files.
func (c *copies) close() (err error) {
	if c.db != nil {
		err = c.db.bolt.Close()
	}
	c.slots, c.db, c.dbErr, c.ring, c.seal, c.level = nil, nil, nil, nil, nil, false
	return err
}

// degrade records a fault that did not keep the operation from being done.
func (c *copies) degrade(err error) {
	c.degraded = storageError("keep a second copy", c.o.Dir, err)
	c.o.Log.Error("the store is not complete", "err", c.degraded)
}

// unlock makes the data key usable, brings the copies to one generation and seals them with the credential
// where there is one. Where nothing has been sealed yet there is no key, and that is no error.
func (c *copies) unlock() error {
	if err := c.unwrap(); err != nil || c.seal == nil || c.level {
		return err
	}
	if err := c.makeLevel(); err != nil {
		return err
	}
	return c.preferCredential()
}

// unwrap opens the ring of tokens.db, or that of the newest slot where tokens.db has none.
func (c *copies) unwrap() (err error) {
	if c.seal != nil {
		return nil
	}
	r := c.storedRing()
	if r == nil {
		return nil
	}
	if err := c.keys.refuseDowngrade(r, c.slots); err != nil {
		return err
	}
	if c.seal, err = c.keys.unwrap(r); err != nil {
		return err
	}
	c.ring = r
	return nil
}

func (c *copies) storedRing() *ring {
	if c.db != nil && c.db.ring != nil {
		return c.db.ring
	}
	if sl := c.slots.newest(); sl != nil {
		return sl.payload.Ring
	}
	return nil
}

// begin makes sure of a data key to seal with.
func (c *copies) begin() (err error) {
	if err := c.unwrap(); err != nil || c.seal != nil {
		return err
	}
	if c.ring, c.seal, err = c.keys.make(); err != nil {
		return err
	}
	c.level = true
	return nil
}

// view reads tokens.db, update commits to it.
func (c *copies) view(f func(table) error) error {
	if c.db == nil {
		return c.dbErr
	}
	return c.db.view(c.seal, f)
}

func (c *copies) update(f func(table) error) error {
	if c.db == nil {
		return c.dbErr
	}
	return c.db.update(c.ring, c.seal, f)
}

// abandon closes the files: the next operation begins by reading them.
func (c *copies) abandon() {
	if err := c.close(); err != nil {
		c.o.Log.Warn("closing the store", "err", err)
	}
}
