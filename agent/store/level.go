package store

import "errors"

// newest is the newest record that can be read: of tokens.db, or where that is out of reach of the
// slots. makeLevel has run.
func (c *copies) newest() (rec record, err error) {
	if c.db == nil {
		return c.newestSlot(), nil
	}
	err = c.view(func(t table) (err error) {
		rec, err = t.newest()
		return err
	})
	return rec, err
}

func (c *copies) newestSlot() record {
	body, gen := c.slots.body(c.seal)
	if c.unsaved != nil && c.unsaved.gen >= gen {
		return *c.unsaved
	}
	return record{gen, body.Grant}
}

// makeLevel brings slots and tokens.db to the newest generation that either holds. A power cut between the
// two writes of Save leaves them apart, and so does a tokens.db that was set aside.
func (c *copies) makeLevel() error {
	if c.db == nil {
		return nil
	}
	body, slotGen := c.slots.body(c.seal)
	rec, err := c.newest()
	if err != nil {
		return err
	}
	switch {
	case c.unsaved != nil && c.unsaved.gen > rec.gen:
		err = c.restore(*c.unsaved, body)
	case slotGen > rec.gen:
		c.o.Log.Info("the newest grant is in a slot", "generation", slotGen, "tokens.db", rec.gen)
		err = c.restore(record{slotGen, body.Grant}, body)
		if slotGen > rec.gen+1 && err == nil { // further apart than a cut leaves them
			c.notes = append(c.notes, "the grant was restored from "+c.dir.Path(c.slots.newest().name))
		}
	case slotGen < rec.gen:
		if err := c.putSlot(rec); err != nil {
			c.degrade(err)
			return nil
		}
	}
	if err != nil {
		return err
	}
	c.unsaved, c.degraded, c.level = nil, nil, true
	return nil
}

// restore puts a record into tokens.db, and what a slot holds of the device.
func (c *copies) restore(rec record, body slotBody) error {
	return c.update(func(t table) error {
		if err := t.putRecord(rec); err != nil {
			return err
		}
		if t.get(deviceBucket, deviceKey) == nil && body.Key != nil {
			if err := t.putValue(deviceKey, body.Key); err != nil {
				return err
			}
		}
		if t.floor().Before(body.Floor) {
			return t.putFloor(body.Floor)
		}
		return nil
	})
}

// put makes the next generation durable: slot, then tokens.db. A tokens.db that is a generation behind and cannot
// be brought level gets nothing newer: it would never get the generation that it lacks.
func (c *copies) put(g *Grant) (gen uint64, err error) {
	if err := c.begin(); err != nil {
		return 0, err
	}
	dbErr := c.unlock()
	newest, err := c.newestGen()
	if err != nil {
		return 0, err
	}
	rec := record{newest + 1, g}
	slotErr := c.putSlot(rec)
	if dbErr == nil {
		dbErr = c.update(func(t table) error { return t.putRecord(rec) })
	}
	switch {
	case slotErr != nil && dbErr != nil:
		return 0, errors.Join(dbErr, slotErr)
	case dbErr != nil:
		c.unsaved = &rec
		c.degrade(dbErr)
		c.abandon()
		return rec.gen, nil
	case slotErr != nil:
		c.degrade(slotErr)
	default:
		c.degraded = nil
	}
	c.unsaved, c.level = nil, slotErr == nil
	return rec.gen, nil
}

// newestGen is the highest generation anywhere.
func (c *copies) newestGen() (gen uint64, err error) {
	if sl := c.slots.newest(); sl != nil {
		gen = sl.gen
	}
	if c.db == nil {
		return gen, nil
	}
	err = c.view(func(t table) error {
		if gens := t.generations(); len(gens) > 0 {
			gen = max(gen, gens[len(gens)-1])
		}
		return nil
	})
	return gen, err
}

// putSlot writes the essence of a generation to the older slot.
func (c *copies) putSlot(rec record) error {
	body, err := c.slotBody(rec)
	if err != nil {
		return err
	}
	return c.slots.write(c.slots.next(), rec.gen, c.ring, c.seal, body)
}

// slotBody is what a slot holds of the record and, from tokens.db or else the newer slot, of the device.
func (c *copies) slotBody(rec record) (slotBody, error) {
	body, _ := c.slots.body(c.seal)
	body.Grant = essence(rec.grant)
	if c.db == nil {
		return body, nil
	}
	err := c.view(func(t table) error {
		if floor := t.floor(); !floor.IsZero() {
			body.Floor = floor
		}
		key, err := t.value(deviceKey)
		if key != nil {
			body.Key = key
		}
		return err
	})
	return body, err
}
