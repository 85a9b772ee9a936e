package control

import (
	"os"
	"os/user"
	"sync"
	"time"
)

// accounts looks up users and groups by name. Without cgo each look-up reads a whole file, and any local account
// may call as often as it likes, so answers are kept until the file changes: an account made later counts.
type accounts struct {
	mu    sync.Mutex
	kinds map[string]*accountFile // "user", "group"
}

type accountFile struct {
	path   string
	lookup func(name string) (id string, err error)
	read   fileState
	ids    map[string]string // by name; "" for an unknown one
}

// fileState distinguishes one content of a file from another without reading it.
type fileState struct {
	modified time.Time
	size     int64
}

func newAccounts() *accounts {
	return &accounts{kinds: map[string]*accountFile{
		"user":  {path: "/etc/passwd", lookup: userID},
		"group": {path: "/etc/group", lookup: groupID},
	}}
}

func userID(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	return u.Uid, nil
}

func groupID(name string) (string, error) {
	g, err := user.LookupGroup(name)
	if err != nil {
		return "", err
	}
	return g.Gid, nil
}

// id is the number of the user or group, "" where there is none of that name.
func (a *accounts) id(kind, name string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := a.kinds[kind]
	if f == nil {
		return ""
	}
	f.refresh()
	id, known := f.ids[name]
	if !known {
		id, _ = f.lookup(name) // unknown, or not to be read: no user is that account
		f.ids[name] = id
	}
	return id
}

func (f *accountFile) refresh() {
	var now fileState
	if info, err := os.Stat(f.path); err == nil {
		now = fileState{info.ModTime(), info.Size()}
	}
	if f.ids == nil || now != f.read {
		f.read, f.ids = now, map[string]string{}
	}
}
