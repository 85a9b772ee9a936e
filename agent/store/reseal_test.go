package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

// A lived store of a key file, in the middle of a refresh and of a pairing.
func sealedByFile(t *testing.T, o Options) (promise, Options) {
	t.Helper()
	o.CredentialsDir = ""
	s := open(t, o)
	key, err := s.Key()
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, pairingN(1))
	g := pairingN(2)
	gen := save(t, s, g)
	answer := pairingN(3)
	err = errors.Join(s.SavePending([]byte("pending")), s.SaveAnswer(answer), s.SetFloor(agedFloor), s.Intend(gen))
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	one := pairingN(1)
	return promise{
		State: State{Grant: &g, Gen: gen, Intent: true, Previous: essence(&one)},
		key:   key, pending: []byte("pending"), floor: agedFloor, answer: &answer,
	}, o
}

func keeps(s *Store, want promise) error {
	st, err := s.Load()
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(st, want.State) {
		return fmt.Errorf("found %s, want %s", brief(st), brief(want.State))
	}
	return (&history{}).holdsRest(s, want, want)
}

// A maker who adds LoadCredentialEncrypted later is protected from the next start on.
func TestCredentialBeatsKeyFile(t *testing.T) {
	for _, source := range []string{"", sourceAuto, sourceCredential} {
		var log bytes.Buffer
		o := withCredential(t, testSecret)
		want, _ := sealedByFile(t, o)
		oldKey := snapshot(t, o.Dir)[keyFileName]
		o.KeySource, o.Log = source, textLog(&log)
		s := open(t, o)
		if err := keeps(s, want); err != nil {
			t.Fatalf("%q: %v", source, err)
		}
		if exists(o.path(keyFileName)) {
			t.Errorf("%q: the key file is still there", source)
		}
		if n := strings.Count(log.String(), "sealed with the credential"); n != 1 {
			t.Errorf("%q: %d lines in the log: %s", source, n, &log)
		}
		s = reopen(t, s)
		if err := errors.Join(keeps(s, want), s.Close()); err != nil {
			t.Errorf("%q, after a restart: %v", source, err)
		}
		if n := strings.Count(log.String(), "sealed with the credential"); n != 1 {
			t.Errorf("%q: sealed again: %s", source, &log)
		}
		for name, content := range snapshot(t, o.Dir) {
			if strings.Contains(content, oldKey) { // bbolt's free pages hold what it wrapped: noise without it
				t.Errorf("%q: the key is in %s", source, name)
			}
			if name != dbName && strings.Contains(content, `"provider":"file"`) {
				t.Errorf("%q: %s is still of the key file", source, name)
			}
		}
		without := o
		without.CredentialsDir = ""
		staysSealed(t, open(t, without), "passed no credentials")
	}
}

// Power may go at any moment of it: the grant opens with the credential at each start, and in the end the
// key file is gone.
func TestSealingWithTheCredentialSurvivesPowerCuts(t *testing.T) {
	dir := crashtest.Dir(t)
	rec := crashtest.New(dir)
	o := Options{Dir: dir, Device: "device-1", Tap: rec.Tap, Opened: func(db *bolt.DB) { rec.Hook(db) }}
	want, _ := sealedByFile(t, o)
	o.CredentialsDir = withCredential(t, testSecret).CredentialsDir
	rec.Mark(0)
	s := open(t, o)
	load(t, s)
	rec.Mark(1)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after := Options{Device: "device-1", CredentialsDir: o.CredentialsDir, Probe: crashtest.Probe(t)}
	resealed := func(dir string, c crashtest.State) error {
		if c.Mark < 0 {
			return nil
		}
		o := after
		o.Dir = dir
		if c.Mark == 1 && exists(o.path(keyFileName)) {
			return errors.New("the key file is back")
		}
		s, err := Open(o)
		if err != nil {
			return err
		}
		defer s.Close()
		if err := keeps(s, want); err != nil {
			return err
		}
		if exists(o.path(keyFileName)) || len(s.Recovered()) > 0 {
			return errors.New("not finished")
		}
		return worksOn(s)
	}
	crashtest.Holds(t, "another key", rec.Ops(), crashtest.Options{Seed: 1, Limit: crashtest.States(t) / 8}, resealed)
}

// A store of a key file that comes after a credential was in use is an old one, or another account's.
func TestKeyFileAfterCredentialIsRefused(t *testing.T) {
	old := testOptions(t)
	sealedByFile(t, old)
	for name, replaced := range map[string][]string{
		"all":       {keyFileName, dbName, slotAName, slotBName},
		"tokens.db": {keyFileName, dbName},
	} {
		o := withCredential(t, testSecret)
		s := open(t, o)
		save(t, s, pairingN(7))
		save(t, s, pairingN(8))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		files := snapshot(t, old.Dir)
		for _, name := range replaced {
			write(t, o.path(name), files[name])
		}
		s = open(t, o)
		staysSealed(t, s, "a credential has sealed this device's grant before")
		if err := s.PutAside(); err != nil {
			t.Fatal(err)
		}
		save(t, s, pairingN(9))
		if !strings.Contains(protectionOf(t, s.o), "credential") {
			t.Errorf("%s: after pairing again: %s", name, protectionOf(t, s.o))
		}
	}
}

// The same where the mark is all that is left of the credential, where a slot is, and where the disk does not give the mark.
func TestEachTraceOfACredentialCounts(t *testing.T) {
	plant := func(o Options, files map[string]string, names ...string) {
		for _, name := range names {
			write(t, o.path(name), files[name])
		}
	}
	// The store was resealed, and its own files of before come back, from a copy of the card.
	o := withCredential(t, testSecret)
	sealedByFile(t, o)
	before := snapshot(t, o.Dir)
	s := open(t, o)
	load(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	plant(o, before, keyFileName, dbName, slotAName, slotBName)
	staysSealed(t, open(t, o), "a credential has sealed this device's grant before")

	// The mark is gone, the slots are not.
	o = withCredential(t, testSecret)
	s = open(t, o)
	save(t, s, pairingN(7))
	save(t, s, pairingN(8))
	if err := errors.Join(s.Close(), os.Remove(o.path(usedName))); err != nil {
		t.Fatal(err)
	}
	plant(o, before, keyFileName, dbName)
	staysSealed(t, open(t, o), "a credential has sealed this device's grant before")

	// Whether the mark is there cannot be seen: the key file is not believed meanwhile.
	o = testOptions(t)
	sealedByFile(t, o)
	f := fault{err: syscall.EIO, reads: true, only: func(op statedir.Op) bool { return filepath.Base(op.Path) == usedName }}
	s = open(t, f.options(o))
	fails(t, second(s.Load()), syscall.EIO, "failing")
	f.err = nil
	load(t, s)
}

// A slot of an old store beside tokens.db of the credential counts as empty, and is written over.
func TestOldSlotBesideCredentialIsIgnored(t *testing.T) {
	old := testOptions(t)
	sealedByFile(t, old)
	o := withCredential(t, testSecret)
	s := open(t, o)
	save(t, s, grantN(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, o.path(slotBName), snapshot(t, old.Dir)[slotBName])
	write(t, o.path(keyFileName), snapshot(t, old.Dir)[keyFileName])
	s = open(t, o)
	if st := load(t, s); refreshToken(st) != grantN(1).RefreshToken {
		t.Errorf("found %s", brief(st))
	}
	if exists(o.path(keyFileName)) {
		t.Error("the key file that was planted is still there")
	}
	for name, content := range snapshot(t, o.Dir) {
		if name != dbName && strings.Contains(content, `"provider":"file"`) {
			t.Errorf("%s is still of the old store", name)
		}
	}
}

// Without the credential at this start a new device must not begin with a key file instead.
func TestMissingCredentialIsNotReplacedByAKeyFile(t *testing.T) {
	o := withCredential(t, testSecret)
	s := open(t, o)
	if _, err := s.Key(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), os.Remove(o.path(dbName)), os.Remove(o.path(slotAName)), os.Remove(o.path(slotBName))); err != nil {
		t.Fatal(err)
	}
	o.CredentialsDir = ""
	s = open(t, o)
	if _, err := s.Save(grantN(1)); err == nil || !strings.Contains(err.Error(), "passed no credentials") {
		t.Errorf("saved: %v", err)
	}
	if exists(o.path(keyFileName)) {
		t.Error("a key file was made")
	}
}

// A disk that refuses, or a credential that is too short, leaves the store with its key file, and says so.
func TestSealingThatFailsIsReportedAndTheGrantStays(t *testing.T) {
	for n := 0; ; n++ {
		o := withCredential(t, testSecret)
		want, _ := sealedByFile(t, o)
		count := 0
		f := fault{err: syscall.EIO, only: func(statedir.Op) bool { count++; return count == n+1 }}
		s := open(t, f.options(o))
		err := keeps(s, want)
		if count <= n {
			break
		}
		if err != nil { // once; then it goes on
			err = keeps(s, want)
		}
		if err != nil {
			t.Errorf("operation %d refused: %v", n, err)
		}
		if s = reopen(t, s); keeps(s, want) != nil || exists(o.path(keyFileName)) {
			t.Errorf("operation %d refused: not finished at the next start: %v", n, keeps(s, want))
		}
	}
	o := withCredential(t, "short")
	want, _ := sealedByFile(t, o)
	s := open(t, o)
	_, _ = s.Load()
	if err := keeps(s, want); err != nil || s.Health() == nil || !strings.Contains(s.Health().Error(), "5 bytes") {
		t.Errorf("a short credential: %v, health %v", err, s.Health())
	}
}
