package queue

import "testing"

// A state of any content is read, or refused.
func FuzzState(f *testing.F) {
	f.Add(state{Schema: schema, Next: 2, Cursor: 1, Out: []uint64{1}, Gaps: gaps{{From: 1, To: 1, N: 1}}}.encode())
	f.Add([]byte(`{"schema":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := parseState(b); err == nil && s.Schema > schema {
			t.Errorf("%+v is taken", s)
		}
	})
}
