package control

import (
	"sync"
	"time"
)

// What one user may ask in a row, and how fast it comes back. Root and the daemon's own user have no limit.
const (
	burst     = 400
	perSecond = 200
)

// meter counts the calls of each user by token buckets.
type meter struct {
	mu    sync.Mutex
	users map[uint32]bucket
}

type bucket struct {
	level float64 // calls left at `at`
	at    time.Time
}

// take tells whether one more call fits.
func (m *meter) take(uid uint32, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, ok := m.users[uid]
	if !ok {
		m.forget(now)
		b = bucket{burst, now}
	}
	level := b.after(now)
	if level < 1 {
		return false
	}
	m.users[uid] = bucket{level - 1, now}
	return true
}

// after is the level at a later time.
func (b bucket) after(now time.Time) float64 {
	return min(burst, b.level+perSecond*now.Sub(b.at).Seconds())
}

// forget drops users who are back where they began.
func (m *meter) forget(now time.Time) {
	for uid, b := range m.users {
		if b.after(now) >= burst {
			delete(m.users, uid)
		}
	}
}
