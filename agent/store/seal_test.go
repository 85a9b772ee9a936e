package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/paird/paird/agent/internal/crashtest"
)

const testSecret = "0123456789abcdef0123456789abcdef"

// withCredential returns options with a credential from the service manager.
func withCredential(t *testing.T, secret string) Options {
	t.Helper()
	o := testOptions(t)
	o.CredentialsDir = crashtest.Dir(t)
	write(t, filepath.Join(o.CredentialsDir, credentialName), secret)
	return o
}

// protectionOf is what doctor says beside a daemon.
func protectionOf(t *testing.T, o Options) string {
	t.Helper()
	in, err := Inspect(o)
	if err != nil {
		t.Fatal(err)
	}
	return in.Protection
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// staysSealed checks that nothing opens, nothing is changed, and the reason names what it should.
func staysSealed(t *testing.T, s *Store, reason string) {
	t.Helper()
	before := snapshot(t, s.o.Dir)
	_, loadErr := s.Load()
	_, saveErr := s.Save(grantN(9))
	_, keyErr := s.Key()
	for _, err := range []error{loadErr, saveErr, keyErr} {
		sealed, ok := errors.AsType[*SealError](err)
		if !ok {
			t.Fatalf("got %v, want a SealError", err)
		}
		if !strings.Contains(sealed.Error(), reason) {
			t.Errorf("the reason is %q, want it to say %q", sealed, reason)
		}
	}
	if !reflect.DeepEqual(snapshot(t, s.o.Dir), before) {
		t.Error("the files were changed")
	}
}

func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(b)
	}
	return files
}

func TestLostKeyFileIsReportedAndRetried(t *testing.T) {
	s := open(t, testOptions(t))
	save(t, s, grantN(1))
	s = reopen(t, s)
	opensOnlyWith(t, s, s.o.path(keyFileName), []wrongKey{
		{"bring the key back, or pair again", ""},
		{"another than the one that sealed it", strings.Repeat("x", keyFileSize)},
		{"damaged", "short"},
	})
}

// wrongKey is the content of a file in place of a key, and what the store says of it.
type wrongKey struct{ reason, content string } // content "": there is none

// opensOnlyWith takes a key file away, puts each wrong one in its place, and brings it back.
func opensOnlyWith(t *testing.T, s *Store, key string, wrong []wrongKey) {
	t.Helper()
	rename(t, key, key+".away")
	for _, w := range wrong {
		if w.content != "" {
			write(t, key, w.content)
		}
		staysSealed(t, s, w.reason)
	}
	rename(t, key+".away", key)
	if st := load(t, s); refreshToken(st) != grantN(1).RefreshToken {
		t.Errorf("with %s back: %s", key, brief(st))
	}
}

func TestLostCredentialIsReportedAndRetried(t *testing.T) {
	o := withCredential(t, testSecret)
	s := open(t, o)
	save(t, s, grantN(1))
	if exists(o.path(keyFileName)) {
		t.Error("there is a key file though the credential is in use")
	}
	if !strings.Contains(protectionOf(t, s.o), "credential") {
		t.Errorf("protection: %s", protectionOf(t, s.o))
	}
	credential := filepath.Join(o.CredentialsDir, credentialName)
	s = reopen(t, s)
	opensOnlyWith(t, s, credential, []wrongKey{
		{"no such file", ""},
		{"another than the one", "ffffffffffffffffffffffffffffffff"},
		{"are the least", "short"},
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.CredentialsDir = ""
	staysSealed(t, open(t, o), "passed no credentials")
}

// A configuration that names one provider is never switched to the other but from key file to credential.
func TestNamedProviderIsKept(t *testing.T) {
	o := withCredential(t, testSecret)
	o.KeySource = sourceFile
	s := open(t, o)
	save(t, s, grantN(1))
	s = reopen(t, s)
	if !strings.Contains(protectionOf(t, s.o), "key file") || !exists(o.path(keyFileName)) {
		t.Errorf("secrets.key is file: %s", protectionOf(t, s.o))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.KeySource = sourceCredential
	s = open(t, o)
	load(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.KeySource = sourceFile
	s = open(t, o)
	staysSealed(t, s, `sealed with key "credential", the configuration says "file"`)
	if err := s.PutAside(); err != nil {
		t.Fatal(err)
	}
	save(t, s, grantN(3))
	if !strings.Contains(protectionOf(t, s.o), "key file") {
		t.Errorf("after pairing again: %s", protectionOf(t, o))
	}
	if fresh := protectionOf(t, testOptions(t)); !strings.Contains(fresh, "key file") {
		t.Errorf("of a new device: %s", fresh)
	}
}

func TestUnknownProviderStaysSealed(t *testing.T) {
	o := testOptions(t)
	o.KeySource = "tpm2"
	s := open(t, o)
	if _, err := s.Save(grantN(1)); err == nil || !strings.Contains(err.Error(), "tpm2") {
		t.Errorf("saved with a provider that does not exist: %v", err)
	}
	if !strings.Contains(protectionOf(t, s.o), "tpm2") {
		t.Errorf("protection: %s", protectionOf(t, s.o))
	}
}

func TestAnotherDeviceOpensNothing(t *testing.T) {
	o := testOptions(t)
	s := open(t, o)
	save(t, s, grantN(1))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	o.Device = "device-2"
	staysSealed(t, open(t, o), "a device of another id")
}

func TestSealIsBoundToItsPlace(t *testing.T) {
	s := open(t, testOptions(t))
	save(t, s, grantN(1))
	seal := s.copies.seal
	sealed := seal.seal(location{"device", "key", 7}, []byte("value"))
	if plain, err := seal.open(location{"device", "key", 7}, sealed); err != nil || string(plain) != "value" {
		t.Fatalf("%q, %v", plain, err)
	}
	for _, err := range []error{
		second(seal.open(location{"device", "key", 8}, sealed)),
		second(seal.open(location{"device", "pending", 7}, sealed)),
		second(seal.open(location{"grants", "key", 7}, sealed)),
		second(seal.open(location{"device", "key", 7}, sealed[:len(sealed)-1])),
		second(seal.open(location{"device", "key", 7}, nil)),
	} {
		if !errors.Is(err, errDamaged) {
			t.Errorf("opened in another place: %v", err)
		}
	}
	again := seal.seal(location{"device", "key", 7}, []byte("value"))
	if bytes.Equal(again, sealed) {
		t.Error("the nonce was used twice")
	}
}

func second[T any](_ T, err error) error { return err }

func TestPutAsideKeepsTwo(t *testing.T) {
	s := open(t, testOptions(t))
	for n := range 4 {
		save(t, s, grantN(n))
		if err := s.PutAside(); err != nil {
			t.Fatal(err)
		}
		if st := load(t, s); st.Grant != nil || st.Gen != 0 {
			t.Fatalf("after setting aside: %s", brief(st))
		}
	}
	for _, name := range []string{dbName, slotAName, slotBName} {
		for n, want := range map[string]bool{"1": false, "2": false, "3": true, "4": true} {
			if path := s.o.path(name + ".broken-" + n); exists(path) != want {
				t.Errorf("%s exists: %t", path, !want)
			}
		}
	}
	if notes := s.Recovered(); len(notes) != 12 || len(s.Recovered()) != 0 {
		t.Errorf("reported: %q", notes)
	}
}

// A board must not give away what it was given by what lies in its files, or in its log.
func TestNoTokenInTheClear(t *testing.T) {
	var log bytes.Buffer
	o := testOptions(t)
	o.Log = textLog(&log)
	s := open(t, o)
	if err := s.SavePending([]byte("secret-device-code")); err != nil {
		t.Fatal(err)
	}
	for n := range 6 {
		gen := save(t, s, grantN(n))
		if err := s.Intend(gen); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveAnswer(pairingN(7)); err != nil {
		t.Fatal(err)
	}
	der, err := s.Key()
	if err != nil {
		t.Fatal(err)
	}
	save(t, s, Grant{AccessToken: "secret-only-access", Name: "Alice"})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	flip(t, o.path(dbName)) // makes it log and set aside
	s = open(t, o)
	load(t, s)
	if err := s.Forget(); err != nil {
		t.Fatal(err)
	}
	files := snapshot(t, o.Dir)
	if len(files) < 5 {
		t.Fatalf("only %d files", len(files))
	}
	files["the log"] = log.String()
	for name, content := range files {
		for _, secret := range []string{"secret-", "subject-7", "Alice", "printer", string(der), string(der[40:60])} {
			if strings.Contains(content, secret) {
				t.Errorf("%s holds %.10q", name, secret)
			}
		}
	}
	info, err := os.Stat(o.Dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the directory is %v, %v", info.Mode(), err)
	}
	for name := range snapshot(t, o.Dir) {
		if info, err := os.Stat(o.path(name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", name, info.Mode(), err)
		}
	}
}
