package agent

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/internal/astest"
)

// scene is what happens around a device of a long test: the faults that are on, and a story of it all for the one who
// looks for the cause of a failure.
type scene struct {
	mu     sync.Mutex
	faults map[string]bool // that are on: see treat
	began  time.Time
	story  []string
}

func newScene() scene { return scene{faults: map[string]bool{}, began: time.Now()} }

func (c *scene) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.story = append(c.story, fmt.Sprintf("%8v ", time.Since(c.began).Round(100*time.Millisecond))+fmt.Sprintf(format, args...))
}

func (c *scene) toggle(fault string) {
	c.mu.Lock()
	c.faults[fault] = !c.faults[fault]
	on := c.faults[fault]
	c.mu.Unlock()
	c.say("%s: %v", fault, on)
}

// treat is what becomes of the next request. It is called by the device, in any order, so its chances come from a hash of
// the moment and not from h.random.
func (c *scene) treat(path string) astest.Treatment {
	c.mu.Lock()
	defer c.mu.Unlock()
	chance := uint64(time.Since(c.began)/time.Millisecond)*2654435761 + uint64(len(path))
	tr := astest.Treatment{There: time.Duration(chance>>7%300) * time.Millisecond, Back: time.Duration(chance>>17%1200) * time.Millisecond}
	token := strings.HasSuffix(path, "/token")
	switch {
	case c.faults["network"]:
		tr.Refused = true
	case c.faults["bad gateway"]:
		tr.Status = http.StatusBadGateway
	case c.faults["down"] && chance>>3%2 == 0:
		tr.Refused = true
	case c.faults["down"]:
		tr.Status = []int{500, 502, 503, 429}[chance>>5%4]
	case c.faults["slow keys"] && path == "/jwks":
		tr.Status = http.StatusServiceUnavailable
	case c.faults["hang"] && token:
		tr.There = 15 * time.Second
	case c.faults["lose"] && token:
		c.faults["lose"] = false
		tr.Lose = true
	case c.faults["unusable"] && token:
		c.faults["unusable"] = false
		tr.Unusable = true
	case c.faults["foreign ID token"] && token:
		c.faults["foreign ID token"] = false
		tr.ForeignID = true
	}
	return tr
}

// client is the device's real client of the site, whose network ends with power.
func (c *scene) client(power context.Context, site *astest.Site, clock *stepClock, change func(deviceauth.Pending), log *slog.Logger) (*deviceauth.Client, error) {
	scopes := []string{"offline_access"}
	if site.IDTokens {
		scopes = append(scopes, "openid")
	}
	return deviceauth.New(deviceauth.Config{
		Issuer: astest.Issuer, ClientID: astest.ClientID, Scopes: scopes, HTTP: site.Client(power), ClockSet: clock.Set,
		OnChange: change, Log: log,
	})
}

type storyWriter struct{ c *scene }

func (w storyWriter) Write(b []byte) (int, error) {
	w.c.say("  log %s", strings.TrimSpace(string(b)))
	return len(b), nil
}

// stepClock is a clock that may not be set.
type stepClock struct{ unset atomic.Bool }

func (c *stepClock) Set() bool          { return !c.unset.Load() }
func (c *stepClock) Synchronised() bool { return !c.unset.Load() }
func (c *stepClock) Wait(ctx context.Context) error {
	for c.unset.Load() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return nil
}
