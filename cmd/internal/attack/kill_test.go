//go:build real

package attack

import (
	"net/http"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

// Power goes while the issuer's keys are awaited, after the token endpoint has answered: at a pairing the next start goes on
// with the answer, and sends the code no more; at a refresh it sends the new refresh token, and never the spent one, for
// which this server would end the grant.
func TestKilledWhileKeysAreAwaited(t *testing.T) {
	t.Parallel()
	h := newHostile(t, "/jwks", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	h.Always(provider.Approve)
	d := newDevice(t, h.Server, "")
	killed := func(what string) {
		t.Helper()
		e2e.Eventually(t, "the keys are asked for at "+what, func() bool { return h.hits.Swap(0) > 0 })
		d.Process.Kill()
		h.on.Store(false)
		d.Start()
		d.Await("paired after "+what, e2e.Paired)
	}
	d.Start()
	d.Do("pair")
	killed("a pairing")
	d.Stop()
	h.hits.Store(0)
	h.on.Store(true)
	d.Start()
	go d.Token(t.Context(), "", 0, true) // its answer is lost with the daemon
	killed("a refresh")
	d.Do("token", "--fresh")
	for kind, want := range map[provider.Kind]int{provider.CodeIssued: 1, provider.Tokens: 1, provider.Reused: 0} {
		if got := h.Count(kind); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
	if h.Count(provider.Refreshed) < 2 {
		t.Errorf("%d refreshes", h.Count(provider.Refreshed))
	}
	d.Stop()
}
