package control

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
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
	known := newAccounts()
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
		{Peer{UID: stranger}, []string{number(stranger)}, false},
	} {
		if got := known.allowed(test.peer, test.who); got != test.want {
			t.Errorf("%+v of %q: %v", test.peer, test.who, got)
		}
	}
}

func TestMeter(t *testing.T) {
	m := newMeter()
	now := time.Unix(1000, 0)
	for i := range burstCalls {
		if !m.call(1, now) {
			t.Fatalf("call %d refused", i)
		}
	}
	if m.call(1, now) {
		t.Error("one more than the burst")
	}
	if !m.call(2, now) {
		t.Error("another user pays for the first")
	}
	if !m.call(1, now.Add(time.Second/callsPerSecond)) {
		t.Error("nothing came back")
	}
	m.call(3, now.Add(time.Hour))
	if len(m.users) != 1 {
		t.Errorf("%d users are remembered", len(m.users))
	}
}

// Bytes are counted apart from calls: 64 KiB in each of few calls would fill the disk.
func TestMeterOfBytes(t *testing.T) {
	m := newMeter()
	now := time.Unix(1000, 0)
	for sent := 0; sent < burstBytes; sent += MaxPayload {
		if !m.publish(1, MaxPayload, now) {
			t.Fatalf("refused after %d bytes", sent)
		}
	}
	if m.publish(1, 1, now) {
		t.Error("one more than the burst")
	}
	if !m.publish(1, burstBytes-MaxPayload, now.Add(time.Minute)) {
		t.Error("nothing came back")
	}
	if !m.call(1, now) || !m.publish(2, 1, now) {
		t.Error("bytes of one user cost calls, or another user")
	}
}

// A user who is made while the daemon runs counts; one that is looked up again is not searched again.
func TestAccountsFollowTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "group")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("a")
	searched, answer := 0, ""
	a := newAccounts()
	a.kinds["group"] = &accountFile{path: file, lookup: func(string) (string, error) {
		searched++
		if answer == "" {
			return "", errors.New("unknown")
		}
		return answer, nil
	}}
	for range 3 {
		if a.id("group", "lp") != "" {
			t.Error("unknown group found")
		}
	}
	answer = "7"
	if a.id("group", "lp"); searched != 1 {
		t.Errorf("searched %d times in one file", searched)
	}
	write("a longer one")
	if got := a.id("group", "lp"); got != "7" || searched != 2 {
		t.Errorf("%q after %d searches", got, searched)
	}
}
