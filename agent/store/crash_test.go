package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

// A promise is what the store has said it keeps.
type promise struct {
	State
	key     []byte
	pending []byte
	floor   time.Time
	answer  *Grant
}

// A history runs operations on a recorded store and writes down what each of them promises.
type history struct {
	t        testing.TB
	rec      *crashtest.Recorder
	s        *Store
	after    Options // of the store after a cut
	now      promise
	promises []promise // [0]: before the first operation; [k+1]: after operation k
}

func newHistory(t testing.TB) *history {
	dir := crashtest.Dir(t)
	rec := crashtest.New(dir)
	h := &history{t: t, rec: rec, promises: []promise{{}}}
	h.after = Options{Device: "device-1", Probe: crashtest.Probe(t)}
	h.s = open(t, Options{
		Dir: dir, Device: "device-1",
		Tap: rec.Tap, Opened: func(db *bolt.DB) { rec.Hook(db) },
	})
	return h
}

func (h *history) done(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	h.rec.Mark(len(h.promises) - 1)
	h.promises = append(h.promises, h.now)
}

func (h *history) save(g Grant) {
	gen, err := h.s.Save(g)
	h.now.State = State{Grant: &g, Gen: gen, Previous: essence(h.now.Grant)}
	if h.now.answer != nil && h.now.answer.Pairing == g.Pairing {
		h.now.answer = nil
	}
	h.done(err)
}

func (h *history) intend() {
	h.now.Intent = true
	h.done(h.s.Intend(h.now.Gen))
}

func (h *history) clear() {
	h.now.Intent = false
	h.done(h.s.ClearIntent())
}

func (h *history) forget() {
	h.now.State = State{Gen: h.now.Gen + 1}
	h.done(h.s.Forget())
}

func (h *history) makeKey() {
	key, err := h.s.Key()
	h.now.key = key
	h.done(err)
}

func (h *history) savePending(b []byte) {
	h.now.pending = b
	h.done(h.s.SavePending(b))
}

// pair is a pairing, over the grant before if there is one: its answer, perhaps a refresh of the grant
// before while the answer is verified, and then adoption or refusal.
func (h *history) pair(n int, r *rand.Rand) {
	g := sized(grantN(n), r)
	g.Pairing = fmt.Sprint("pairing ", n)
	unverified := g
	unverified.Subject, unverified.Name = "", ""
	h.now.answer = &unverified
	h.done(h.s.SaveAnswer(unverified))
	if h.now.Grant != nil && r.IntN(2) == 0 {
		old := *h.now.Grant
		old.AccessToken += "."
		h.save(old)
	}
	if r.IntN(3) > 0 {
		h.save(g)
		return
	}
	h.now.answer = nil
	h.done(h.s.DropAnswer())
}

func (h *history) setFloor(sec int64) {
	h.now.floor = time.Unix(sec, 0).UTC()
	h.done(h.s.SetFloor(h.now.floor))
}

func (h *history) restart() {
	err := h.s.Close()
	h.s = open(h.t, h.s.o)
	h.done(err)
}

// live is a device's life: it pairs, refreshes and restarts, and now and then is unpaired.
func (h *history) live(steps int, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 3))
	h.savePending([]byte("device code"))
	if seed%2 == 0 {
		h.makeKey()
	}
	h.pair(0, r)
	h.savePending(nil)
	for n := 1; n <= steps; n++ {
		switch k := r.IntN(14); {
		case k == 0:
			h.restart()
		case k == 1:
			h.setFloor(1_700_000_000 + int64(n))
		case k == 2 && h.now.Grant != nil:
			h.forget()
			h.save(sized(grantN(n), r))
		case k == 3:
			h.makeKey()
		case k == 4 && h.now.Grant != nil:
			h.intend()
			h.clear()
		case k == 5 || k == 6 || h.now.Grant == nil:
			h.pair(n, r)
		default:
			h.intend()
			h.save(sized(grantN(n), r))
		}
	}
}

// sized varies the length of the tokens, so that records take one page or several.
func sized(g Grant, r *rand.Rand) Grant {
	pad := func(s string) string { return s + string(bytes.Repeat([]byte{'.'}, r.IntN(2500))) }
	g.AccessToken, g.RefreshToken = pad(g.AccessToken), pad(g.RefreshToken)
	return g
}

// holds is the oracle: what the store knows after the cut is what it had promised, or what it was
// about to promise. And it works.
func (h *history) holds(dir string, c crashtest.State) error {
	old, next := h.promised(c)
	return inspect(h.after, dir, func(s *Store, st State) error {
		if !reflect.DeepEqual(st, old.State) && !isOrWillBe(st, next.State) {
			return fmt.Errorf("found %s, promised %s or %s", brief(st), brief(old.State), brief(next.State))
		}
		if notes := s.Recovered(); len(notes) > 0 {
			return fmt.Errorf("%q", notes)
		}
		return errors.Join(h.holdsRest(s, old, next), worksOn(s))
	})
}

// promised is the promise of a state, and the one that was about to be made.
func (h *history) promised(c crashtest.State) (old, next promise) {
	return h.promises[c.Mark+1], h.promises[min(c.Mark+2, len(h.promises)-1)]
}

// inspect opens the store of dir with o, hands it to look with what it loads, and closes it.
func inspect(o Options, dir string, look func(*Store, State) error) error {
	o.Dir = dir
	s, err := Open(o)
	if err != nil {
		return err
	}
	defer s.Close()
	st, err := s.Load()
	if err != nil {
		return err
	}
	return look(s, st)
}

// isOrWillBe reports whether the state is the promised one, or what a slot alone has of it.
func isOrWillBe(st, promised State) bool {
	if reflect.DeepEqual(st, promised) {
		return true
	}
	promised.Grant = essence(promised.Grant)
	return reflect.DeepEqual(st, promised)
}

func (h *history) holdsRest(s *Store, old, next promise) error {
	pending, err := s.Pending()
	if err != nil {
		return err
	}
	floor, err := s.Floor()
	if err != nil {
		return err
	}
	answer, _, err := s.Answer()
	if err != nil {
		return err
	}
	key, err := s.Key()
	switch {
	case err != nil:
		return err
	case !isAnswer(answer, old.answer) && !isAnswer(answer, next.answer):
		return fmt.Errorf("the answer is %q", answer.Pairing)
	case old.key != nil && !bytes.Equal(key, old.key):
		return errors.New("the device has another key")
	case !bytes.Equal(pending, old.pending) && !bytes.Equal(pending, next.pending):
		return fmt.Errorf("pending is %q", pending)
	case !floor.Equal(old.floor) && !floor.Equal(next.floor):
		return fmt.Errorf("floor is %v, not %v or %v", floor, old.floor, next.floor)
	}
	return nil
}

func isAnswer(got Grant, want *Grant) bool {
	if want == nil {
		return reflect.DeepEqual(got, Grant{})
	}
	return reflect.DeepEqual(got, *want)
}

// worksOn saves twice, into both slots, and reads it back.
func worksOn(s *Store) error {
	for n := range 2 {
		g := grantN(5000 + n)
		gen, err := s.Save(g)
		if err != nil {
			return err
		}
		st, err := s.Load()
		if err != nil {
			return err
		}
		if st.Gen != gen || !reflect.DeepEqual(st.Grant, &g) || s.Health() != nil {
			return fmt.Errorf("afterwards generation %d is %s, health %v", gen, brief(st), s.Health())
		}
	}
	return nil
}

func brief(st State) string {
	token := "none"
	if st.Grant != nil {
		token = st.Grant.RefreshToken[:min(24, len(st.Grant.RefreshToken))]
	}
	return fmt.Sprintf("{generation %d, %s, intent %t, previous %t}", st.Gen, token, st.Intent, st.Previous != nil)
}

func TestGrantSurvivesPowerCuts(t *testing.T) {
	want := crashtest.States(t) / 2
	crashtest.CheckLives(t, want, max(want/4, 250), func(seed uint64) ([]statedir.Op, func(string, crashtest.State) error) {
		h := newHistory(t)
		h.live(30, seed)
		return h.rec.Ops(), h.holds
	})
}

// The same oracle has to complain when a flush is missing, or it would prove nothing. With two
// copies it takes the flushes of both.
func TestMissingFlushIsCaught(t *testing.T) {
	h := newHistory(t)
	h.live(8, 1)
	for name, ignore := range map[string]func(statedir.Op) bool{
		"of any file":     func(op statedir.Op) bool { return op.Kind == statedir.Sync },
		"of tokens.db":    func(op statedir.Op) bool { return op.Kind == statedir.Sync && op.Path == dbName },
		"of the names":    func(op statedir.Op) bool { return op.Kind == statedir.SyncDir },
		"of the key file": func(op statedir.Op) bool { return op.Kind == statedir.Sync && op.Path == keyFileName+".new" },
	} {
		crashtest.Breaks(t, "no flush "+name, h.rec.Ops(), crashtest.Options{Seed: 1, Limit: 100, Ignore: ignore}, h.holds)
	}
}

// carries is the weaker oracle for a disk that loses flushes of one of the two copies: the grant, as
// far as it takes to go on, is that of the promise.
func (h *history) carries(dir string, c crashtest.State) error {
	old, next := h.promised(c)
	return inspect(h.after, dir, func(s *Store, st State) error {
		for _, p := range []promise{old, next} {
			if st.Gen == p.Gen && refreshToken(st) == refreshToken(p.State) {
				return worksOn(s)
			}
		}
		return fmt.Errorf("found %s, promised %s or %s", brief(st), brief(old.State), brief(next.State))
	})
}

func refreshToken(st State) string {
	if st.Grant == nil {
		return ""
	}
	return st.Grant.RefreshToken
}

func TestOneCopyIsEnough(t *testing.T) {
	h := newHistory(t)
	h.live(10, 2)
	for name, paths := range map[string][]string{
		"tokens.db": {dbName, dbName + ".new"},
		"the slots": {slotAName, slotBName, slotAName + ".new", slotBName + ".new"},
	} {
		ignore := func(op statedir.Op) bool { return op.Kind == statedir.Sync && slices.Contains(paths, op.Path) }
		o := crashtest.Options{Seed: 2, Limit: crashtest.States(t) / 8, Ignore: ignore}
		crashtest.Holds(t, "no flush of "+name, h.rec.Ops(), o, h.carries)
	}
}
