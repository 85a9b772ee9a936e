package queue

import (
	"fmt"
	"slices"
)

// A gap reports a run of dropped records. Its own seq is To, which no record is sent under any more.
type gap struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	N    uint64 `json:"n"`
	Seen bool   `json:"seen,omitempty"` // by Options.OnGap
	sent bool   // handed out since the last Rewind
	kept bool   // on the disk
}

// payload is the event; its topic is gapTopic.
func (g gap) payload() []byte {
	return fmt.Appendf(nil, `{"type":"gap","dropped":%d,"from_seq":%d,"to_seq":%d}`, g.N, g.From, g.To)
}

const gapTopic = "event"

// gaps are in the order of their seq and do not overlap.
type gaps []gap

// add notes a run of drops. Gaps inside it become a part of it. It extends a neighbour where no record is left
// between, as live says, and the neighbour was not sent; a sent one reports what was true then. It returns
// whether a new run began.
func (gs *gaps) add(g gap, live func(after, before uint64) bool) bool {
	n := len(*gs)
	*gs = slices.DeleteFunc(*gs, func(old gap) bool {
		inside := old.To >= g.From && old.From <= g.To
		if inside {
			g.From, g.To, g.N = min(g.From, old.From), max(g.To, old.To), g.N+old.N
		}
		return inside
	})
	i, _ := slices.BinarySearchFunc(*gs, g.From, func(g gap, seq uint64) int {
		if g.To < seq {
			return -1
		}
		return 1
	})
	*gs = slices.Insert(*gs, i, g)
	gs.join(i, live)
	if i > 0 {
		gs.join(i-1, live)
	}
	return len(*gs) > n
}

// join makes one of the gaps i and i+1 if nothing lies between.
func (gs *gaps) join(i int, live func(after, before uint64) bool) bool {
	if i+1 >= len(*gs) {
		return false
	}
	a, b := (*gs)[i], (*gs)[i+1]
	if a.sent || b.sent || live(a.To, b.From) {
		return false
	}
	(*gs)[i] = gap{From: a.From, To: b.To, N: a.N + b.N}
	*gs = slices.Delete(*gs, i+1, i+2)
	return true
}

// rewind makes all come again, in as few as possible.
func (gs *gaps) rewind(live func(after, before uint64) bool) {
	for i := range *gs {
		(*gs)[i].sent = false
	}
	for i := 0; i+1 < len(*gs); {
		if !gs.join(i, live) {
			i++
		}
	}
}

// before returns the first gap that is due before the record seq.
func (gs gaps) before(seq uint64) *gap {
	for i := range gs {
		if !gs[i].sent {
			if gs[i].To < seq {
				return &gs[i]
			}
			return nil
		}
	}
	return nil
}

// saved marks those that are on the disk as they are.
func (gs gaps) saved(disk gaps) {
	for i, g := range gs {
		gs[i].kept = slices.ContainsFunc(disk, func(d gap) bool { return d.From == g.From && d.To == g.To && d.N == g.N })
	}
}

// remove takes away the gap that was sent as seq.
func (gs *gaps) remove(seq uint64) bool {
	i := slices.IndexFunc(*gs, func(g gap) bool { return g.To == seq })
	if i < 0 {
		return false
	}
	*gs = slices.Delete(*gs, i, i+1)
	return true
}

// within is how many drops the gaps from one seq to another report.
func (gs gaps) within(from, to uint64) (n uint64) {
	for _, g := range gs {
		if from <= g.From && g.To <= to {
			n += g.N
		}
	}
	return n
}
