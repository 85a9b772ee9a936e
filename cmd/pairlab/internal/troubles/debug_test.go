package troubles

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
)

// TestDebugLines: with log.level = "debug" each step from the discovery to the PUBACK and to the next refresh has a line with its
// figures, and no line has a token, a code, an address with a query or the name of a person.
func TestDebugLines(t *testing.T) {
	p := providertest.New(t, func(o *provider.Options) { o.Audiences, o.AccessLifetime = []string{"mqtt"}, 6*time.Second })
	b := e2e.Must(broker.Start(broker.Options{
		Issuer: p.URL, Audience: "mqtt", Scope: "telemetry", Keys: p.Keys(), Root: "paird", Message: func(broker.Message) {},
	}))(t)
	t.Cleanup(func() { b.Close() })
	d := newDevice(t, p.URL, approved, "[log]\nlevel = \"debug\"\n",
		fmt.Sprintf("[mqtt]\nurl = %q\nspread = \"0s\"\nusername = \"{device_id}\"\npassword = \"{access_token}\"\n", b.URL())).started()
	await := func(lines ...string) {
		t.Helper()
		for _, line := range lines {
			e2e.Eventually(t, line, func() bool { return strings.Contains(d.Journal(), line) })
		}
	}
	await(`"to":"`+p.URL+`/.well-known/openid-configuration","status":200,"bytes":`, `/device_authorization","status":200,"bytes":`,
		`"msg":"next poll","in_seconds":`, `"interval_seconds":`, `"after":"authorization_pending"`, `/token","status":400,"bytes":`)
	p.Always(provider.Approve)
	await(`/token","status":200,"bytes":`, `"msg":"refresh planned","at":"`, `"msg":"connected","took_seconds":`,
		`"msg":"subscribed","topic":"paird/`+e2e.DeviceID+`/cmd","answer":1`, `"msg":"all acknowledged","messages":`, `"msg":"panel drawn","full":`,
		`"msg":"refreshed"`)
	d.Stop()
	text := d.Journal()
	if leak := p.Leak(text, true); leak != "" {
		t.Errorf("%s is in the log", leak)
	}
	for _, secret := range []string{"Alice", "alice", "user_code=", "?", "eyJ"} {
		if i := strings.Index(text, secret); i >= 0 {
			t.Errorf("%q is in the log: %s", secret, text[max(0, i-200):min(len(text), i+100)])
		}
	}
}
