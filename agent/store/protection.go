package store

import "log/slog"

// Protection says in one line what the key in use, or the one that would be, protects against.
func (s *Store) Protection() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open() == nil && s.files.ring != nil {
		return s.o.protection(s.files.ring)
	}
	return s.o.protection(nil)
}

// Protection says the same of a store that a daemon has open: it takes no lock, changes nothing and
// goes by the slots.
func Protection(o Options) string {
	o.Log = slog.New(slog.DiscardHandler)
	s := &Store{o: o}
	var f files
	for i, name := range []string{slotAName, slotBName} {
		sl, err := s.readSlot(name)
		if err != nil {
			return s.storageError("look at the key", err).Error()
		}
		f.slots[i] = sl
	}
	if sl := f.newestSlot(); sl != nil {
		return o.protection(sl.payload.Ring)
	}
	return o.protection(nil)
}

func (o Options) protection(r *ring) string {
	stored := ""
	if r != nil {
		stored = r.Provider
	}
	p, err := o.choose(stored)
	if err != nil {
		return err.Error()
	}
	return p.protection()
}
