package survival

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

// damage is what befalls a file while the daemon is not there.
type damage struct {
	name string
	do   func(path string) error
}

// rewrite changes what a file holds.
func rewrite(change func([]byte) []byte) func(string) error {
	return func(path string) error {
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return os.WriteFile(path, change(make([]byte, 8192)), 0o600)
		}
		if err != nil {
			return err
		}
		return os.WriteFile(path, change(content), 0o600)
	}
}

// directory puts a directory with something in it where the file was.
func directory(path string) error {
	err := os.RemoveAll(path)
	if err == nil {
		err = os.Mkdir(path, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(path, "file"), []byte("x"), 0o600)
	}
	return err
}

func zero(b []byte) []byte { clear(b); return b }

// damages are all kinds; the first four leave nothing of the file.
func damages(chance *rand.Rand) []damage {
	garbage := func(b []byte) []byte {
		for i := range b {
			b[i] = byte(chance.Uint32())
		}
		return b
	}
	flip := func(b []byte) []byte {
		for range min(len(b), 16) {
			b[chance.IntN(len(b))] ^= 1 << chance.IntN(8)
		}
		return b
	}
	return []damage{
		{"garbage", rewrite(garbage)},
		{"zeroed", rewrite(zero)},
		{"empty", rewrite(func([]byte) []byte { return nil })},
		{"a directory", directory},
		{"gone", os.RemoveAll},
		{"cut in half", rewrite(func(b []byte) []byte { return b[:len(b)/2] })},
		{"cut by a byte", rewrite(func(b []byte) []byte { return b[:max(0, len(b)-1)] })},
		{"first pages zeroed", rewrite(func(b []byte) []byte { zero(b[:min(len(b), 8192)]); return b })},
		{"bits flipped", rewrite(flip)},
	}
}

// soon bounds how long a start may take, whatever the directory looks like.
const soon = 5 * time.Second

// revive starts the device on what is there which must answer soon.
func (d *device) revive(what string) {
	d.Helper()
	began := time.Now()
	d.Start()
	s := d.Now()
	if took := time.Since(began); took > soon {
		d.Errorf("%s: the first answer came after %s", what, took)
	}
	if s.Version == "" {
		d.Errorf("%s: an empty status", what)
	}
}

// endOf ends a life: one in two without a chance to tidy up.
func (d *device) endOf() {
	d.Helper()
	if d.Starts()%2 == 0 {
		d.Process.Kill()
		return
	}
	d.Stop()
}

// A file that was damaged, whichever and however, is no reason to pair again: the other copies serve.
func TestDamaged(t *testing.T) {
	t.Parallel()
	began := time.Now()
	chance := rand.New(rand.NewPCG(8628, 2))
	l := newLab(t, 10*time.Minute)
	d := newDevice(l, "", "[queue]\nsync = \"always\"\n")
	d.pair()
	d.Process.Kill()
	all := damages(chance)
	for _, file := range []string{"tokens.db", "queue", "tokens.a", "tokens.b", "metadata.json"} {
		kinds := all
		if file != "tokens.db" && file != "queue" {
			kinds = all[:4]
		}
		for _, kind := range kinds {
			what := file + ": " + kind.name
			if err := kind.do(d.stateFile(file)); err != nil {
				t.Fatal(err)
			}
			d.recovers(what, file == "queue" && slices.ContainsFunc(all[:4], func(k damage) bool { return k.name == kind.name }))
		}
	}
	t.Logf("%d starts in %.1f s", d.Starts(), time.Since(began).Seconds())
}

// stateFile is the path of a file of the state directory; "queue" is the newest segment of the queue.
func (d *device) stateFile(name string) string {
	if name != "queue" {
		return filepath.Join(d.State, name)
	}
	segments, err := filepath.Glob(filepath.Join(d.State, "queue.0*"))
	if err != nil || len(segments) == 0 {
		d.Fatalf("no segment of the queue: %v", err)
	}
	return slices.Max(segments)
}

// recovers checks that the device is paired and works again; reported, that it says what it lost.
func (d *device) recovers(what string, reported bool) {
	d.Helper()
	before := len(d.quarantined())
	d.revive(what)
	d.Await(what+": online", e2e.Online)
	message := what
	if err := d.Publish(d.Context(), "test/damage", []byte(message)); err != nil {
		d.Errorf("%s: publishing: %v", what, err)
	}
	d.wait(what+": the message arrives", func() bool {
		return slices.Contains(d.arrived["paird/"+deviceID+"/test/damage"], message)
	})
	if reported {
		d.wait(what+": the loss is reported", func() bool { return len(quarantined(d.arrived["paird/"+deviceID+"/event"])) > before })
	}
	if n := d.count(provider.CodeIssued); n != 1 {
		d.Fatalf("%s: the device asked for %d codes", what, n)
	}
	d.endOf()
}

func (d *device) quarantined() []string { return quarantined(d.received("event")) }

// quarantined are those that report something set aside, each once however often it was sent.
func quarantined(events []string) []string {
	all := slices.DeleteFunc(slices.Sorted(slices.Values(events)), func(e string) bool { return !strings.Contains(e, `"store_quarantined"`) })
	return slices.Compact(all)
}

// With all copies lost the device has to be paired again: it says so by asking, and works from then on.
func TestAllCopiesLost(t *testing.T) {
	t.Parallel()
	l := newLab(t, 10*time.Minute)
	d := newDevice(l, "")
	d.pair()
	d.Process.Kill()
	for n, kind := range damages(rand.New(rand.NewPCG(8628, 3)))[:4] {
		for _, file := range []string{"tokens.db", "tokens.a", "tokens.b", "queue", "metadata.json"} {
			if err := kind.do(d.stateFile(file)); err != nil {
				t.Fatal(err)
			}
		}
		d.revive(kind.name)
		l.wait(kind.name+": another code", func() bool { return l.events[provider.CodeIssued] == n+2 })
		d.Await(kind.name+": pairing", func(s control.Status) bool { return s.State == control.StatePairing })
		d.endOf()
	}
}

// A key that is damaged or gone locks the grant in, and nothing else: it opens again with the key.
func TestKeyDamaged(t *testing.T) {
	t.Parallel()
	l := newLab(t, 10*time.Minute)
	d := newDevice(l, "")
	d.pair()
	d.Process.Kill()
	path := filepath.Join(d.State, "key")
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range damages(rand.New(rand.NewPCG(8628, 4)))[:6] {
		if err := kind.do(path); err != nil {
			t.Fatal(err)
		}
		d.revive(kind.name)
		d.Await(kind.name+": problem storage", func(s control.Status) bool {
			return s.Problem != nil && s.Problem.Code == "storage" && s.Grant == nil
		})
		d.endOf()
		if err := errors.Join(os.RemoveAll(path), os.WriteFile(path, key, 0o600)); err != nil {
			t.Fatal(err)
		}
		d.Start()
		d.Await(kind.name+": online with the key", e2e.Online)
		d.endOf()
	}
}
