//go:build real

package real

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
)

// simulated is a device with the simulated board: panel and button on a page of loopback.
func simulated(t *testing.T, p *provider, more ...string) (*device, func(query string)) {
	t.Helper()
	page := fmt.Sprintf("127.0.0.1:%d", e2e.FreePort(t))
	sim := fmt.Sprintf("[display]\npanel = \"sim\"\n[sim]\nopen = true\nlisten = %q\n", page)
	get := func() []byte {
		resp, err := http.Get("http://" + page + "/panel.png")
		if err != nil {
			return nil
		}
		defer resp.Body.Close()
		return e2e.Must(io.ReadAll(resp.Body))(t)
	}
	press := func(query string) {
		t.Helper()
		resp := e2e.Must(http.Post("http://"+page+"/press"+query, "", nil))(t)
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			t.Fatalf("POST /press%s: %s", query, resp.Status)
		}
	}
	return &device{configured(t, p, `client_id = "printer"`, append(more, sim)...), get}, press
}

// The owner refuses: the panel says so, in status and picture, and a press asks for another code.
func TestDenialShowsOnThePanel(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), "{}")
	d, press := simulated(t, p)
	d.run()
	d.Await("unpaired", func(s control.Status) bool { return s.State == control.StateUnpaired })
	before := d.panel()
	press("")
	uri := d.pairing()
	newPhone(t, p.ca).deny(uri)
	d.Await("denied", func(s control.Status) bool {
		return s.State == control.StateUnpaired && s.Problem != nil && s.Problem.Code == "denied"
	})
	e2e.Eventually(t, "the panel shows the denial", func() bool {
		now := d.panel()
		return readQR(t, now) == "" && !bytes.Equal(now, before)
	})
	press("")
	if again := d.pairing(); again == uri {
		t.Errorf("the same code again: %s", again)
	}
}

// Holding the button pairs again: the old grant serves until the new owner has agreed.
func TestHoldingPairsAgain(t *testing.T) {
	p := startProvider(t, e2e.NewAuthority(t), "{}")
	b := startBroker(t, p)
	d, press := simulated(t, p, b.mqtt())
	d.run()
	press("")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("paired as alice, online", func(s control.Status) bool { return paired("alice Example")(s) && online(s) })

	press("?hold=3500ms")
	uri := d.pairing()
	if s := d.Now(); s.Grant == nil || s.Grant.Name != "alice Example" || !online(s) {
		t.Errorf("while pairing again: %+v", s)
	}
	newPhone(t, p.ca).approve(uri, "bob")
	d.Await("paired as bob, online", func(s control.Status) bool { return paired("bob Example")(s) && online(s) })
	e2e.Eventually(t, "a session with bob's token", func() bool { return b.mosquitto.Count("New client connected") >= 2 })
}
