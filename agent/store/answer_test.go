package store

import (
	"reflect"
	"syscall"
	"testing"
)

func hasAnswer(t *testing.T, s *Store, want *Grant) {
	t.Helper()
	g, ok, err := s.Answer()
	if err != nil {
		t.Fatal(err)
	}
	if ok != (want != nil) || !isAnswer(g, want) {
		t.Errorf("the answer is %+v, want %+v", g, want)
	}
}

func pairingN(n int) Grant {
	g := grantN(n)
	g.Pairing = "pairing " + pad(n)
	g.RevocationEndpoint, g.UserinfoEndpoint = "https://auth.example/revoke", "https://auth.example/userinfo"
	return g
}

func TestAnswerIsKeptUntilItsGrantIsSaved(t *testing.T) {
	s := open(t, testOptions(t))
	hasAnswer(t, s, nil)
	old, answer := pairingN(1), pairingN(2)
	save(t, s, old)
	if err := s.SaveAnswer(answer); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	hasAnswer(t, s, &answer)
	if st := load(t, s); !reflect.DeepEqual(st.Grant, &old) || st.Gen != 1 {
		t.Errorf("the answer touched the grant: %s", brief(st))
	}
	old.AccessToken = "secret-refreshed" // while the answer is verified
	save(t, s, old)
	hasAnswer(t, s, &answer)
	answer.Name = "Bob"
	save(t, s, answer)
	hasAnswer(t, s, nil)
	s = reopen(t, s)
	hasAnswer(t, s, nil)
	if st := load(t, s); !reflect.DeepEqual(st.Grant, &answer) || st.Previous.Pairing != old.Pairing {
		t.Errorf("adopted: %s", brief(st))
	}
}

func TestAnswerIsReplacedAndDropped(t *testing.T) {
	s := open(t, testOptions(t))
	first, second := pairingN(1), pairingN(2)
	for _, g := range []Grant{first, second} {
		if err := s.SaveAnswer(g); err != nil {
			t.Fatal(err)
		}
		hasAnswer(t, s, &g)
	}
	if err := s.DropAnswer(); err != nil {
		t.Fatal(err)
	}
	s = reopen(t, s)
	hasAnswer(t, s, nil)
	if st := load(t, s); !reflect.DeepEqual(st, State{}) {
		t.Errorf("an answer was taken for a grant: %s", brief(st))
	}
}

// A slot that was written before power went ends the answer too: tokens.db follows it at the next start.
func TestAnswerEndsWithAGrantThatOnlyASlotHas(t *testing.T) {
	var f fault
	s := open(t, f.options(testOptions(t)))
	g := pairingN(1)
	if err := s.SaveAnswer(g); err != nil {
		t.Fatal(err)
	}
	f = fault{err: syscall.EIO, only: onDB}
	save(t, s, g)
	if s.Health() == nil {
		t.Error("tokens.db took it")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.err = nil
	s = open(t, s.o)
	hasAnswer(t, s, nil)
	if st := load(t, s); refreshToken(st) != g.RefreshToken || st.Grant.RevocationEndpoint != g.RevocationEndpoint {
		t.Errorf("found %s", brief(st))
	}
}
