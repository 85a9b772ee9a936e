package telemetry

import (
	"maps"
	"sync"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// units remembers the metrics seen so far and their units, and tells when there is a new one.
type units struct {
	mu    sync.Mutex
	known map[string]string
	fresh chan struct{} // holds one while Home Assistant has not been told
}

func (u *units) note(metric, unit string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if old, ok := u.known[metric]; ok && old == unit {
		return
	}
	u.known[metric] = unit
	u.renew()
}

// renew asks for Home Assistant to be told.
func (u *units) renew() {
	select {
	case u.fresh <- struct{}{}:
	default:
	}
}

// told notes that it is about to be.
func (u *units) told() {
	select {
	case <-u.fresh:
	default:
	}
}

func (u *units) all() map[string]string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.known)
}

func (u *units) unit(metric string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.known[metric]
}

// noteHost adds the metrics that this board has.
func (l *Link) noteHost() {
	for metric := range l.host.Read(l.o.Metrics) {
		l.units.note(metric, hostmetrics.Unit(metric))
	}
}
