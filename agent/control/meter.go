package control

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Size and refill rate of the token buckets of one user. Root and the daemon's own user have no limit.
const (
	burstCalls     = 400
	callsPerSecond = 200

	// Offline each published byte is written to flash.
	burstBytes     = 4 << 20
	bytesPerSecond = 4 << 20 / 60.0
)

// meter limits each user by token buckets.
type meter struct {
	mu    sync.Mutex
	users map[uint32]*buckets
}

// buckets are those of one user: calls, and bytes published.
type buckets struct {
	calls, bytes *rate.Limiter
}

func newMeter() *meter { return &meter{users: map[uint32]*buckets{}} }

// call reports whether the user may make one more call.
func (m *meter) call(uid uint32, now time.Time) bool { return m.of(uid, now).calls.AllowN(now, 1) }

// publish reports whether the user may publish n more bytes.
func (m *meter) publish(uid uint32, n int, now time.Time) bool {
	return m.of(uid, now).bytes.AllowN(now, n)
}

func (m *meter) of(uid uint32, now time.Time) *buckets {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.users[uid]
	if a == nil {
		m.forget(now)
		a = &buckets{rate.NewLimiter(callsPerSecond, burstCalls), rate.NewLimiter(bytesPerSecond, burstBytes)}
		m.users[uid] = a
	}
	return a
}

// forget drops users who have used nothing lately.
func (m *meter) forget(now time.Time) {
	for uid, a := range m.users {
		if a.calls.TokensAt(now) >= burstCalls && a.bytes.TokensAt(now) >= burstBytes {
			delete(m.users, uid)
		}
	}
}
