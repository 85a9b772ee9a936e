package control

import (
	"os"
	"os/user"
	"testing"
	"time"
)

func TestAllowed(t *testing.T) {
	nobody, err := user.LookupId("65534")
	if err != nil {
		t.Fatal(err)
	}
	root, err := user.LookupGroupId("0")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		peer Peer
		who  []string
		want bool
	}{
		{Peer{UID: 0}, nil, true},
		{Peer{UID: uint32(os.Geteuid())}, nil, true},
		{Peer{UID: stranger}, nil, false},
		{Peer{UID: stranger}, []string{"*"}, true},
		{Peer{UID: 65534}, []string{"user:" + nobody.Username}, true},
		{Peer{UID: stranger}, []string{"user:" + nobody.Username}, false},
		{Peer{UID: stranger, Groups: []uint32{7, 0}}, []string{"group:" + root.Name}, true},
		{Peer{UID: stranger, Groups: []uint32{7}}, []string{"group:" + root.Name}, false},
		{Peer{UID: stranger}, []string{"user:no-such-user", "group:no-such-group", ""}, false},
		{Peer{UID: stranger}, []string{id(stranger)}, false},
	} {
		if got := test.peer.allowed(test.who); got != test.want {
			t.Errorf("%+v of %q: %v", test.peer, test.who, got)
		}
	}
}

func TestMeter(t *testing.T) {
	m := meter{users: map[uint32]bucket{}}
	now := time.Unix(0, 0)
	for i := range burst {
		if !m.take(1, now) {
			t.Fatalf("call %d refused", i)
		}
	}
	if m.take(1, now) {
		t.Error("one more than the burst")
	}
	if !m.take(2, now) {
		t.Error("another user pays for the first")
	}
	if !m.take(1, now.Add(time.Second/perSecond)) {
		t.Error("nothing came back")
	}
	m.take(3, now.Add(time.Hour))
	if len(m.users) != 1 {
		t.Errorf("%d users are remembered", len(m.users))
	}
}
