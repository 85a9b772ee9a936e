package store

import (
	"bytes"
	"errors"
)

// preferCredential seals a store of a key file with the credential, once there is one: a maker who adds
// LoadCredentialEncrypted later is protected from the next start on. The steps, each durable, so that a cut
// between them is finished at the next start:
//
//  1. tokens.db: all values under a new data key, in one commit
//  2. both slots, under the same key
//  3. the mark that a credential is in use
//  4. the key file: overwritten and removed
func (c *copies) preferCredential() error {
	if c.db == nil || c.unsealed != nil || !c.keys.prefersCredential() {
		return nil
	}
	from := c.ring.Provider
	err := c.sealWithCredential()
	if err != nil {
		c.unsealed = storageError("seal with the credential", c.o.Dir, err)
		c.o.Log.Error("the store is still sealed with the key file", "err", c.unsealed)
		return err
	}
	if from == sourceFile {
		c.o.Log.Info("the store is now sealed with the credential, the key file is erased", "credential", credentialName)
	}
	return nil
}

// prefersCredential reports whether the credential is here and the configuration allows it.
func (k keyring) prefersCredential() bool { return k.o.KeySource != sourceFile && k.hasCredential() }

func (c *copies) sealWithCredential() error {
	if c.ring.Provider == sourceFile {
		if err := c.resealDatabase(); err != nil {
			return err
		}
	}
	if err := c.resealSlots(); err != nil {
		return err
	}
	if err := c.keys.markUsed(); err != nil {
		return err
	}
	if there, err := c.dir.Exists(keyFileName); err != nil || !there {
		return err
	}
	e := eraser{c.dir, c.o.Log}
	return errors.Join(e.shred(keyFileName), c.dir.Sync())
}

// resealDatabase puts all values under a new data key that the credential wraps.
func (c *copies) resealDatabase() error {
	p, err := c.keys.provider(sourceCredential)
	if err != nil {
		return err
	}
	r, to, err := c.keys.wrapNew(p)
	if err != nil {
		return err
	}
	rec, err := c.newest()
	if err != nil {
		return err
	}
	intended := rec.grant != nil && c.slots.intends(c.seal, rec)
	err = c.db.update(r, c.seal, func(from table) error {
		intended = intended || from.intends(rec)
		if err := from.reseal(to); err != nil {
			return err
		}
		if !intended {
			return nil
		}
		return from.put(journalBucket, intentKey, intentEntry(to, rec))
	})
	if err != nil {
		return err
	}
	c.ring, c.seal = r, to
	return nil
}

// reseal seals the grants and the values of the device under another data key.
func (t table) reseal(to *sealer) error {
	for _, gen := range t.generations() {
		if err := t.resealOne(to, grantsBucket, genKey(gen), grantLocation(gen)); err != nil {
			return err
		}
	}
	for _, key := range [][]byte{deviceKey, pendingKey, answerKey} {
		if err := t.resealOne(to, deviceBucket, key, deviceLocation(key)); err != nil {
			return err
		}
	}
	return nil
}

func (t table) resealOne(to *sealer, bucket, key []byte, p location) error {
	sealed := t.get(bucket, key)
	if sealed == nil {
		return nil
	}
	plain, err := t.seal.open(p, sealed)
	if err != nil {
		return err
	}
	return t.put(bucket, key, to.seal(p, plain))
}

// resealSlots writes the newest record to each slot that was sealed under another data key.
func (c *copies) resealSlots() error {
	rec, err := c.newest()
	if err != nil || rec.gen == 0 {
		return err
	}
	body, err := c.slotBody(rec)
	if err != nil {
		return err
	}
	for i := range c.slots.two {
		sl := &c.slots.two[i]
		if sl.payload.Ring == nil || bytes.Equal(sl.payload.Ring.Wrapped, c.ring.Wrapped) {
			continue
		}
		if err := c.slots.write(sl, rec.gen, c.ring, c.seal, body); err != nil {
			return err
		}
	}
	return nil
}
