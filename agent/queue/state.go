package queue

import (
	"encoding/json"
	"errors"
	"slices"
)

const schema = 1

var errSchema = errors.New("written by a newer version of this program: it is left alone, update to use it")

// state is what each frame has beside its records. Of all frames the newest counts.
type state struct {
	Schema  int      `json:"schema"`
	Stream  string   `json:"stream"`
	Next    uint64   `json:"next"`          // no seq from here on was given away
	Cursor  uint64   `json:"cursor"`        // all records below are settled
	Out     []uint64 `json:"out,omitempty"` // but for these
	Unread  int      `json:"unread"`        // records in the log from Cursor on
	Dropped uint64   `json:"dropped"`
	Gaps    gaps     `json:"gaps,omitempty"`
	Owned   bool     `json:"owned"`
	Owner   string   `json:"owner,omitempty"` // the account, if Owned; empty: unknown
}

// maxOut bounds state.Out: where more records are in flight, those behind come again after a restart.
const maxOut = 32

func (s state) encode() []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // no field can fail
	}
	return text
}

// parseState returns the state of a frame, whose checksum was right.
func parseState(text []byte) (s state, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, errSchema
	}
	if s.Schema > schema {
		return s, errSchema
	}
	return s, nil
}

// floor is the least seq that is not settled.
func (s state) floor() uint64 {
	if len(s.Out) > 0 {
		return s.Out[0]
	}
	return s.Cursor
}

// state is what the frame says that is being written. reserve: how many numbers may be given away before another.
func (l *ledger) state(reserve uint64) state {
	s := state{
		Schema: schema, Stream: l.stream, Next: l.next + reserve, Cursor: l.cursor, Unread: l.unread,
		Dropped: l.dropped, Gaps: slices.Clone(l.gaps), Owned: l.owned, Owner: l.owner,
	}
	logged := l.list[:l.list.from(max(l.durable, l.writing)+1)]
	i := logged.from(s.Cursor)
	if i > maxOut {
		i, s.Cursor = maxOut, logged[maxOut].Seq
	}
	for _, e := range logged[:i] {
		s.Out = append(s.Out, e.Seq)
	}
	s.Unread += len(logged) - i
	return s
}
