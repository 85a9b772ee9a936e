package inbox

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/seglog"
	"github.com/paird/paird/agent/internal/statedir"
)

const testSegment = 8 * seglog.BlockSize

func openInbox(t testing.TB, o Options) *Inbox {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func receive(t testing.TB, b *Inbox, topic, payload string) uint64 {
	t.Helper()
	seq, err := b.Put(topic, []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return seq
}

// holds checks what the inbox gives from seq on, as "topic payload".
func holds(t testing.TB, b *Inbox, match func(string) bool, want ...string) {
	t.Helper()
	got := contents(t.Context(), b, match)
	if !slices.Equal(got, want) {
		t.Errorf("the inbox holds %.60q, want %.60q", got, want)
	}
}

func contents(ctx context.Context, b *Inbox, match func(string) bool) (all []string) {
	for after := uint64(0); ; {
		ctx, cancel := context.WithTimeout(ctx, time.Millisecond)
		seq, topic, payload, err := b.Next(ctx, after, match)
		cancel()
		if err != nil {
			return all
		}
		all = append(all, topic+" "+string(payload))
		after = seq
	}
}

func TestKeepsUntilAcknowledged(t *testing.T) {
	dir := t.TempDir()
	b := openInbox(t, Options{Dir: dir})
	first := receive(t, b, "print", "1")
	second := receive(t, b, "scan", "2")
	receive(t, b, "print", "3")
	holds(t, b, nil, "print 1", "scan 2", "print 3")
	holds(t, b, func(topic string) bool { return topic == "print" }, "print 1", "print 3")
	if err := errors.Join(b.Ack(second), b.Ack(second), b.Ack(99)); err != nil {
		t.Fatal(err)
	}
	holds(t, b, nil, "print 1", "print 3")
	b.Close()

	b = openInbox(t, Options{Dir: dir})
	holds(t, b, nil, "print 1", "print 3")
	if seq := receive(t, b, "print", "4"); seq != 4 {
		t.Errorf("seq %d", seq)
	}
	if err := b.Ack(first); err != nil {
		t.Fatal(err)
	}
	holds(t, b, nil, "print 3", "print 4")
}

func TestWakesThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := openInbox(t, Options{})
		got := make(chan string, 2)
		for _, want := range []string{"a", "b"} {
			go func() {
				_, topic, payload, err := b.Next(t.Context(), 0, func(topic string) bool { return topic == want })
				got <- fmt.Sprint(topic, string(payload), err)
			}()
		}
		synctest.Wait()
		receive(t, b, "b", "1")
		if s := <-got; s != "b1<nil>" {
			t.Error(s)
		}
		receive(t, b, "a", "2")
		if s := <-got; s != "a2<nil>" {
			t.Error(s)
		}
		go func() {
			_, _, _, err := b.Next(t.Context(), 2, nil)
			got <- fmt.Sprint(err)
		}()
		synctest.Wait()
		b.Close()
		if s := <-got; s != ErrClosed.Error() {
			t.Error(s)
		}
	})
}

func TestIsBounded(t *testing.T) {
	b := openInbox(t, Options{MaxBytes: 100_000})
	payload := strings.Repeat("x", 40_000-messageCost-1)
	first := receive(t, b, "t", payload)
	receive(t, b, "t", payload)
	if _, err := b.Put("t", []byte(payload)); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if err := b.Ack(first); err != nil {
		t.Fatal(err)
	}
	if seq := receive(t, b, "t", payload); seq != 3 {
		t.Errorf("seq %d", seq)
	}
	for _, refused := range []struct {
		topic string
		bytes int
	}{{"t", MaxPayload + 1}, {"", 1}, {strings.Repeat("t", maxTopic+1), 1}} {
		if _, err := b.Put(refused.topic, make([]byte, refused.bytes)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("topic of %d, payload of %d bytes: %v", len(refused.topic), refused.bytes, err)
		}
	}
}

func TestOfAnotherAccount(t *testing.T) {
	dir := t.TempDir()
	b := openInbox(t, Options{Dir: dir})
	receive(t, b, "t", "1")
	bindInbox(t, b, "alice")
	holds(t, b, nil, "t 1")
	b.Close()
	b = openInbox(t, Options{Dir: dir})
	bindInbox(t, b, "alice")
	holds(t, b, nil, "t 1")
	bindInbox(t, b, "bob")
	holds(t, b, nil)
	receive(t, b, "t", "2")
	b.Close()
	b = openInbox(t, Options{Dir: dir})
	bindInbox(t, b, "bob")
	holds(t, b, nil, "t 2")
	bindInbox(t, b, "")
	receive(t, b, "t", "3")
	bindInbox(t, b, "")
	holds(t, b, nil)
}

func bindInbox(t *testing.T, b *Inbox, account string) {
	t.Helper()
	if err := b.Bind(account); err != nil {
		t.Fatal(err)
	}
}

// The disk comes later than the account: what is on it belongs to another.
func TestOnADiskThatComesLater(t *testing.T) {
	dir := t.TempDir()
	b := openInbox(t, Options{Dir: dir})
	bindInbox(t, b, "alice")
	receive(t, b, "t", "alice's")
	b.Close()
	for account, want := range map[string][]string{"alice": {"t alice's"}, "bob": nil} {
		synctest.Test(t, func(t *testing.T) {
			copied := dir + "." + account
			if err := os.CopyFS(copied+".away", os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			b := openInbox(t, Options{Dir: copied})
			_, err := b.Put("t", nil)
			storageError(t, err, os.ErrNotExist)
			storageError(t, b.Bind(account), os.ErrNotExist)
			if err := os.Rename(copied+".away", copied); err != nil {
				t.Fatal(err)
			}
			chmod(t, copied)
			holds(t, b, nil, want...)
			b.Close()
		})
	}
}

// chmod gives a copied inbox the mode that an inbox has.
func chmod(t *testing.T, dir string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, file := range files {
		if err := os.Chmod(file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// One old message must not keep all segments that came after it.
func TestStaysSmall(t *testing.T) {
	dir, removed := crashtest.Dir(t), false
	tap := func(op statedir.Op) error { // each removal is durable before the next
		switch _, ok := strings.CutPrefix(filepath.Base(op.Path), "inbox.0"); {
		case op.Kind == statedir.SyncDir:
			removed = false
		case op.Kind == statedir.Remove && ok && removed:
			t.Error("two removals at once")
		case op.Kind == statedir.Remove && ok:
			removed = true
		}
		return nil
	}
	o := Options{Dir: dir, MaxBytes: 64 << 10, segment: testSegment, Tap: tap}
	b := openInbox(t, o)
	receive(t, b, "keep", "1")
	for i := range 2000 {
		seq := receive(t, b, "t", fmt.Sprintf("%1000d", i))
		if err := b.Ack(seq); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "inbox.*"))
	if most := 2*(64<<10)/testSegment + 3; len(files) > most {
		t.Errorf("%d segments, more than %d", len(files), most)
	}
	b.Close()
	holds(t, openInbox(t, o), nil, "keep 1")
}

func TestErase(t *testing.T) {
	dir := t.TempDir()
	b := openInbox(t, Options{Dir: dir})
	bindInbox(t, b, "alice")
	receive(t, b, "t", "the secret job")
	other := filepath.Join(dir, "inbox.txt")
	if err := errors.Join(os.WriteFile(other, nil, 0o600), b.Erase()); err != nil {
		t.Fatal(err)
	}
	holds(t, b, nil)
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 || left[0] != other {
		t.Errorf("left: %v", left)
	}
	bindInbox(t, b, "bob")
	receive(t, b, "t", "2")
	b.Close()
	holds(t, openInbox(t, Options{Dir: dir}), nil, "t 2")
	if err := b.Erase(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}

// Each system call fails in turn, once or for half a minute: what Put took is there, what Ack took is gone, and
// all works again afterwards.
func TestEachOperationMayFail(t *testing.T) {
	t.Parallel()
	for _, errno := range []error{syscall.EIO, syscall.ENOSPC} {
		for _, lasts := range []time.Duration{0, 30 * time.Second} {
			for nth := 0; ; nth++ {
				f := &crashtest.Fault{Err: errno, Nth: nth, Lasts: lasts}
				synctest.Test(t, func(t *testing.T) { receiveWith(t, f) })
				if f.Count() <= nth {
					break
				}
			}
		}
	}
}

func receiveWith(t *testing.T, f *crashtest.Fault) {
	dir := crashtest.Dir(t)
	b := openInbox(t, Options{Dir: dir, segment: testSegment, Tap: f.Tap})
	want, unclear := []string{}, map[string]bool{} // whether the disk has taken the acknowledgement
	for i := range 40 {
		payload := fmt.Sprintf("%01000d", i)
		seq, err := b.Put("t", []byte(payload))
		if err != nil {
			storageError(t, err, f.Err)
			continue
		}
		if i%4 > 0 {
			err := b.Ack(seq)
			if err == nil {
				continue
			}
			storageError(t, err, f.Err)
			unclear["t "+payload] = true
		}
		want = append(want, "t "+payload)
	}
	holds(t, b, nil, want...)
	time.Sleep(time.Minute)
	want = append(want, "t more")
	seq, err := b.Put("t", []byte("more"))
	for ; err != nil; seq, err = b.Put("t", []byte("more")) {
		storageError(t, err, f.Err) // the operation may be one of these
		time.Sleep(time.Second)
	}
	if seq == 0 {
		t.Error("no number")
	}
	b.Close()
	got := contents(t.Context(), openInbox(t, Options{Dir: dir, segment: testSegment}), nil)
	for _, message := range want {
		if !slices.Contains(got, message) && !unclear[message] {
			t.Errorf("%v, operation %d, for %v: %.20q is missing", f.Err, f.Nth, f.Lasts, message)
		}
	}
	if len(got) > len(want)+1 || !slices.IsSorted(got) { // one whose Put failed may be there
		t.Errorf("%v, operation %d, for %v: %.20q, want %.20q", f.Err, f.Nth, f.Lasts, got, want)
	}
}

// An promise is what holds from a moment on, whatever happens to the power.
type promise struct {
	kept, gone []string
	owner      string
}

// recordInbox runs n steps and returns what reached the disk and what was promised when.
func recordInbox(t *testing.T, seed uint64, n int) (*crashtest.Recorder, []promise) {
	dir := crashtest.Dir(t)
	r, rec := rand.New(rand.NewPCG(seed, 11)), crashtest.New(dir)
	o := Options{Dir: dir, MaxBytes: 20 << 10, segment: testSegment, Tap: rec.Tap}
	b := openInbox(t, o)
	var now promise
	var promises []promise
	mark := func() {
		p := now
		p.kept, p.gone = slices.Clone(p.kept), slices.Clone(p.gone)
		promises = append(promises, p)
		rec.Mark(len(promises) - 1)
	}
	for i := range n {
		switch k := r.IntN(20); {
		case k < 11:
			message := fmt.Sprintf("%d %0*d", i, 1+r.IntN(2000), 0)
			if _, err := b.Put("t", []byte(message)); errors.Is(err, ErrFull) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			now.kept = append(now.kept, message)
		case k < 18 && len(now.kept) > 0:
			at := r.IntN(len(now.kept))
			message := now.kept[at]
			now.kept = slices.Delete(now.kept, at, at+1)
			mark() // from here on it may be gone
			e := b.list[at]
			if string(e.Payload) != message {
				t.Fatalf("message %d is %.9q, want %.9q", at, e.Payload, message)
			}
			if err := b.Ack(e.Seq); err != nil {
				t.Fatal(err)
			}
			now.gone = append(now.gone, message)
		case k < 19:
			owner := []string{"alice", "bob"}[r.IntN(2)]
			gone := now.kept
			if now.owner == "" || now.owner == owner {
				gone = nil
			} else {
				now.kept = nil
			}
			now.owner = ""
			mark()
			bindInbox(t, b, owner)
			now.gone, now.owner = append(now.gone, gone...), owner
		default:
			b.Close()
			b = openInbox(t, o)
		}
		mark()
	}
	b.Close()
	return rec, promises
}

func honoursInbox(promises []promise) func(string, crashtest.State) error {
	return func(dir string, s crashtest.State) error {
		b, err := Open(Options{Dir: dir, segment: testSegment})
		if err != nil {
			return err
		}
		defer b.Close()
		if b.log == nil || aside(b) != "" {
			return errors.New("not sound")
		}
		if s.Mark < 0 {
			return nil
		}
		if err := promises[s.Mark].check(b); err != nil {
			return err
		}
		seq, err := b.Put("t", []byte("more"))
		return errors.Join(err, b.Ack(seq))
	}
}

// aside is what was set aside.
func aside(b *Inbox) string {
	path, _ := b.log.Broken()
	return path
}

func (p promise) check(b *Inbox) error {
	if p.owner != "" && b.state.Owner != p.owner {
		return fmt.Errorf("owner %q, want %q", b.state.Owner, p.owner)
	}
	i := 0
	for _, e := range b.list {
		if slices.Contains(p.gone, string(e.Payload)) {
			return fmt.Errorf("%.9q is back", e.Payload)
		}
		if i < len(p.kept) && p.kept[i] == string(e.Payload) {
			i++
		}
	}
	if i < len(p.kept) {
		return fmt.Errorf("%.9q is lost, or not in its place", p.kept[i])
	}
	return nil
}

func TestSurvivesPowerCuts(t *testing.T) {
	t.Parallel()
	defer debug.SetGCPercent(debug.SetGCPercent(800)) // the states are garbage as soon as they are checked
	crashtest.CheckLives(t, crashtest.States(t)/2, 2000, func(seed uint64) ([]statedir.Op, func(string, crashtest.State) error) {
		rec, promises := recordInbox(t, seed, 120)
		return rec.Ops(), honoursInbox(promises)
	})
}

// Without the flushes the same check has to fail, or it would check nothing.
func TestWithoutFlushIsCaught(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]statedir.Kind{"the segments": statedir.Sync, "the folder": statedir.SyncDir} {
		rec, promises := recordInbox(t, 1, 120)
		o := crashtest.Options{Seed: 1, Limit: 150, Ignore: func(op statedir.Op) bool { return op.Kind == kind }}
		crashtest.Breaks(t, "no flush of "+name, rec.Ops(), o, honoursInbox(promises))
	}
}

func storageError(t *testing.T, err, want error) {
	t.Helper()
	if _, ok := errors.AsType[*StorageError](err); !ok || !errors.Is(err, want) {
		t.Fatalf("%v is no StorageError of %v", err, want)
	}
}
