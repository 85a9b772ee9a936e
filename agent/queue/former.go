package queue

import (
	"errors"
	"slices"

	"github.com/paird/paird/agent/internal/boltfile"
	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
	"github.com/paird/paird/agent/queue/internal/former"
)

// takeOver moves the records of a former queue to the log, with their stream and numbers, so that a consumer
// recognises those that it has already. After a cut in between the next start goes on behind what the log has. A
// file that cannot be read is set aside, and its new path returned.
func (q *Queue) takeOver(dir *statedir.Dir) (aside string, err error) {
	names, err := dir.Names()
	if err != nil || !slices.Contains(names, former.Database) && !slices.Contains(names, former.Journal) {
		return "", err
	}
	if slices.Contains(names, former.Database) {
		err = q.moveFormer(dir)
	}
	if errors.Is(err, former.ErrUseless) {
		q.o.Log.Error("the queue of a former version is set aside", "err", err)
		aside, err = dir.SetAside(former.Database)
	}
	if err == nil {
		err = errors.Join(dir.Remove(former.Database), dir.Wipe(former.Journal), dir.Sync())
	}
	return aside, err
}

// moveFormer appends to a log that nothing else uses meanwhile. Where this device has begun another queue since, it
// has done without these records.
func (q *Queue) moveFormer(dir *statedir.Dir) error {
	old, err := former.Open(boltfile.Options{Dir: dir, Probe: q.o.Probe, Log: q.o.Log})
	if err != nil {
		return err
	}
	defer old.Close()
	l := q.o.log(dir)
	defer l.Seal()
	last, err := l.Open()
	if err != nil {
		return err
	}
	var was state
	if err := old.State(&was); err != nil {
		return err
	}
	s := was
	s.Schema, s.Next, s.Cursor = schema, 1, 1
	if last != nil {
		if s, err = parseState(last); err != nil {
			return err
		}
	}
	if s.Stream != was.Stream {
		q.o.Log.Warn("the queue of a former version is erased: this device has another one since")
		return nil
	}
	if err := s.moveAll(l, old); err != nil {
		return err
	}
	q.o.Log.Info("the queue of a former version is taken over", "records", s.Unread)
	s.Next = max(s.Next, was.Next)
	_, _, err = l.Append(s.encode(), nil)
	return err
}

// moveAll appends to l what follows s, and keeps s up to date: its Next is that of the record that would come next.
func (s *state) moveAll(l *seglog.Log, old *former.Queue) error {
	for {
		found, err := old.Records(s.Next)
		if err != nil || len(found) == 0 {
			return err
		}
		if err := s.move(l, found); err != nil {
			return err
		}
	}
}

func (s *state) move(l *seglog.Log, found []former.Record) error {
	var sound ring
	for _, r := range found {
		if r.Damaged {
			s.Dropped++
			s.Gaps.add(gap{From: r.Seq, To: r.Seq, N: 1}, func(_, _ uint64) bool { return true })
		} else {
			sound = append(sound, &entry{Record: r.Record})
		}
	}
	for len(sound) > 0 {
		group := sound.upTo(l.Room())
		sound = sound[len(group):]
		s.Next, s.Unread = group[len(group)-1].Seq+1, s.Unread+len(group)
		if _, _, err := l.Append(s.encode(), group.records()); err != nil {
			return err
		}
	}
	s.Next = max(s.Next, found[len(found)-1].Seq+1)
	return nil
}
