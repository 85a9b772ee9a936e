package store

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/crashtest"
)

// grantN is the grant of generation n: every field says so.
func grantN(n int) Grant {
	token := func(kind string) string { return "secret-" + kind + "-" + string(rune('A'+n%26)) + pad(n) }
	return Grant{
		Binding:      Binding{Issuer: "https://auth.example", ClientID: "printer", TokenEndpoint: "https://auth.example/token"},
		AccessToken:  token("access"),
		RefreshToken: token("refresh"),
		IDToken:      token("identity"),
		TokenType:    "Bearer",
		Scope:        "openid offline_access",
		Refreshed:    time.Unix(int64(1_700_000_000+n), 0).UTC(),
		Expiry:       time.Unix(int64(1_700_003_600+n), 0).UTC(),
		Lifetime:     time.Hour,
		Subject:      "subject-7",
		Name:         "Alice",
	}
}

func pad(n int) string {
	const digits = "0123456789"
	return string([]byte{digits[n/1000%10], digits[n/100%10], digits[n/10%10], digits[n%10]})
}

func (o Options) path(name string) string { return filepath.Join(o.Dir, name) }

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func testOptions(t testing.TB) Options {
	t.Helper()
	return Options{Dir: filepath.Join(crashtest.Dir(t), "state"), Device: "device-1"}
}

func open(t testing.TB, o Options) *Store {
	t.Helper()
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func reopen(t testing.TB, s *Store) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, s.o)
}

func load(t testing.TB, s *Store) State {
	t.Helper()
	st, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func save(t testing.TB, s *Store, g Grant) uint64 {
	t.Helper()
	gen, err := s.Save(g)
	if err != nil {
		t.Fatal(err)
	}
	return gen
}

func TestLifeOfAGrant(t *testing.T) {
	s := open(t, testOptions(t))
	if st := load(t, s); !reflect.DeepEqual(st, State{}) {
		t.Fatalf("a new device knows %+v", st)
	}
	one, two := grantN(1), grantN(2)
	if gen := save(t, s, one); gen != 1 {
		t.Fatalf("first generation is %d", gen)
	}
	if err := s.Intend(1); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if st := load(t, s); !reflect.DeepEqual(st, State{Grant: &one, Gen: 1, Intent: true}) {
		t.Fatalf("after the intent: %+v", st)
	}
	if gen := save(t, s, two); gen != 2 {
		t.Fatalf("second generation is %d", gen)
	}
	want := State{Grant: &two, Gen: 2, Previous: essence(&one)}
	if st := load(t, s); !reflect.DeepEqual(st, want) {
		t.Fatalf("after the refresh: %+v, want %+v", st, want)
	}
	s = reopen(t, s)
	if st := load(t, s); !reflect.DeepEqual(st, want) {
		t.Fatalf("after a restart: %+v, want %+v", st, want)
	}
	if err := s.Forget(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	if st := load(t, s); !reflect.DeepEqual(st, State{Gen: 3}) {
		t.Fatalf("after forgetting: %+v", st)
	}
}

func TestIntentIsTakenBack(t *testing.T) {
	s := open(t, testOptions(t))
	gen := save(t, s, grantN(1))
	if err := s.Intend(gen); err != nil {
		t.Fatal(err)
	}
	if err := s.ClearIntent(); err != nil {
		t.Fatal(err)
	}
	if load(t, s).Intent {
		t.Error("the intent is still there")
	}
	if err := s.Intend(gen + 1); err == nil {
		t.Error("an intent for a generation that does not exist was taken")
	}
	if load(t, s).Gen != gen {
		t.Error("the refused intent did harm")
	}
}

// isLocked checks that no other process gets the directory; in a bubble, where the wait for the lock
// takes no time.
func isLocked(t *testing.T, o Options) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		if _, err := Open(o); !errors.Is(err, ErrLocked) {
			t.Errorf("second Open: %v", err)
		}
	})
}

func TestOneProcessAtATime(t *testing.T) {
	s := open(t, testOptions(t))
	isLocked(t, s.o)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, s.o)
	if _, err := s.Load(); err == nil {
		t.Error("a closed store loads")
	}
}

func TestKeyPendingAndFloorAreKept(t *testing.T) {
	s := open(t, testOptions(t))
	key, err := s.Key()
	if err != nil {
		t.Fatal(err)
	}
	floor := time.Unix(1_800_000_000, 5)
	if err := errors.Join(s.SavePending([]byte("device-code")), s.SetFloor(floor)); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	again, err := s.Key()
	if err != nil || !reflect.DeepEqual(again, key) {
		t.Errorf("the key changed: %v", err)
	}
	if b, err := s.Pending(); err != nil || string(b) != "device-code" {
		t.Errorf("pending is %q, %v", b, err)
	}
	if got, err := s.Floor(); err != nil || !got.Equal(floor.Truncate(time.Second)) {
		t.Errorf("floor is %v, %v", got, err)
	}
	if err := s.SavePending(nil); err != nil {
		t.Fatal(err)
	}
	if b, err := s.Pending(); err != nil || b != nil {
		t.Errorf("pending is %q, %v after clearing", b, err)
	}
}
