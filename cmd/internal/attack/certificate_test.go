//go:build real

package attack

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"image/png"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
	"github.com/paird/paird/display"
)

// shown is a certificate that a server shows, and how it speaks TLS.
type shown struct {
	e2e.Certificate
	host    string // by which the device knows the server; "": 127.0.0.1
	version uint16 // the newest TLS of the server; 0: no bound
}

// named makes a certificate of these names and of no address.
func named(names ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) { c.IPAddresses, c.DNSNames, c.Subject.CommonName = nil, names, "localhost" }
}

// flaws are the rows of config/certificates.md.
func flaws(t *testing.T, a *e2e.Authority) map[string]shown {
	const day = 24 * time.Hour
	now := time.Now()
	usage := func(all ...x509.ExtKeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.ExtKeyUsage = all }
	}
	elsewhere := a.Below(t, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })
	noCA := a.Below(t, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature })
	short := e2e.Must(rsa.GenerateKey(rand.Reader, 1024))(t)
	return map[string]shown{
		"expired":                         {Certificate: a.Issue(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(-2*day), now.Add(-day) })},
		"not valid yet":                   {Certificate: a.Issue(t, func(c *x509.Certificate) { c.NotBefore, c.NotAfter = now.Add(day), now.Add(2*day) })},
		"for another host":                {Certificate: a.Issue(t, named("example.com")), host: "localhost"},
		"the host as common name only":    {Certificate: a.Issue(t, named()), host: "localhost"},
		"a wildcard for what is below":    {Certificate: a.Issue(t, named("*.localhost")), host: "localhost"},
		"a wildcard for everything":       {Certificate: a.Issue(t, named("*")), host: "localhost"},
		"of an unknown authority":         {Certificate: e2e.NewAuthority(t).Issue(t)},
		"signed with SHA-1":               {Certificate: a.Issue(t, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 })},
		"below name constraints":          {Certificate: elsewhere.Issue(t, named("localhost")), host: "localhost"},
		"below one that is no authority":  {Certificate: noCA.Issue(t)},
		"for clients":                     {Certificate: a.Issue(t, usage(x509.ExtKeyUsageClientAuth))},
		"RSA of 1024 bits, TLS 1.2":       {Certificate: a.IssueTo(t, short), version: tls.VersionTLS12},
		"good, but TLS 1.1 is the newest": {Certificate: a.Issue(t), version: tls.VersionTLS11},
	}
}

// What status, panel and doctor say of a server's certificate that is not good: of the issuer's and of the broker's,
// over TCP and over WebSocket. config/certificates.md has it for people; nothing comes through to the server.
func TestWrongCertificates(t *testing.T) {
	t.Parallel()
	ca := e2e.NewAuthority(t)
	paired, said, all := pairedBefore(t), certificateTable(t), flaws(t, ca)
	t.Run("rows", func(t *testing.T) {
		for name, c := range all {
			for _, peer := range []string{"issuer", "mqtts", "wss"} {
				t.Run(name+" of "+peer, func(t *testing.T) {
					t.Parallel()
					of := map[string]string{"issuer": "server", "mqtts": "broker", "wss": "broker"}[peer]
					d := meets(t, peer, c, ca.File, paired)
					if got := d.says(of); got != said[name][of] {
						t.Errorf("config/certificates.md does not say so of the %s:\n| %s | %s |", of, name, got)
					}
				})
			}
		}
	})
	for name := range said {
		if _, ok := all[name]; !ok {
			t.Errorf("config/certificates.md has a row %q, and no server shows that", name)
		}
	}
}

// A CA file that is replaced counts at the next attempt, without a restart, for each peer.
func TestRotatedAuthority(t *testing.T) {
	t.Parallel()
	before, after := e2e.NewAuthority(t), e2e.NewAuthority(t)
	paired := pairedBefore(t)
	for _, peer := range []string{"issuer", "mqtts", "wss"} {
		t.Run(peer, func(t *testing.T) {
			t.Parallel()
			file := e2e.Write(t, "ca.pem", string(e2e.Must(os.ReadFile(before.File))(t)))
			d := meets(t, peer, shown{Certificate: after.Issue(t)}, file, paired)
			d.Await("the new authority is unknown", tlsProblem)
			must(t, os.WriteFile(file, e2e.Must(os.ReadFile(after.File))(t), 0o644))
			e2e.Eventually(t, "its certificate is taken", func() bool { return d.came.Load() > 0 })
			d.Stop()
		})
	}
}

func tlsProblem(s control.Status) bool { return s.Problem != nil && s.Problem.Code == "tls" }

// past is what a device that has paired and has stopped leaves: its state directory and its issuer.
type past struct{ state, issuer string }

func pairedBefore(t *testing.T) past {
	t.Helper()
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	d := newDevice(t, p, "")
	d.Start()
	d.Do("pair")
	d.Await("paired", e2e.Paired)
	d.Stop()
	return past{d.State, p.URL}
}

// visitor is a device that runs and has a server of the test as its issuer or its broker.
type visitor struct {
	*e2e.Device
	came *atomic.Int64 // connections on which something came through the TLS
}

// meets starts a device with the simulated panel. A broker is met by one that has paired before.
func meets(t *testing.T, peer string, c shown, ca string, before past) visitor {
	t.Helper()
	v := visitor{came: new(atomic.Int64)}
	at := overTLS(t, c, v.came)
	const auth = "[auth]\nissuer = %q\nca_file = %q\nclient_id = \"printer\"\n"
	state, sections := "", fmt.Sprintf(auth, at, ca)
	if peer != "issuer" {
		state = filepath.Join(t.TempDir(), "state")
		must(t, os.CopyFS(state, os.DirFS(before.state)))
		must(t, os.Chmod(state, 0o700))
		sections = fmt.Sprintf(auth+"[mqtt]\nurl = %q\nca_file = %q\nspread = \"0s\"\n", before.issuer, ca, strings.Replace(at, "https", peer, 1), ca)
	}
	v.Device = e2e.NewDevice(t, state, sections, "[display]\npanel = \"sim\"\nsize = \"400x300\"\n[sim]\nlisten = \"127.0.0.1:0\"\nopen = true\n")
	v.Start()
	if peer == "issuer" {
		must(t, v.Pair(t.Context()))
	}
	return v
}

// overTLS is a server that shows the certificate and counts the connections on which something comes through.
func overTLS(t *testing.T, c shown, came *atomic.Int64) (url string) {
	t.Helper()
	config := &tls.Config{Certificates: []tls.Certificate{c.Pair}, MinVersion: tls.VersionTLS10, MaxVersion: c.version}
	l := e2e.Must(tls.Listen("tcp", "127.0.0.1:0", config))(t)
	t.Cleanup(func() { l.Close() })
	e2e.Accept(l, func(conn net.Conn) {
		if n, _ := conn.Read(make([]byte, 1)); n > 0 {
			came.Add(1)
		}
		conn.Close()
	})
	return "https://" + strings.Replace(l.Addr().String(), "127.0.0.1", cmp.Or(c.host, "127.0.0.1"), 1)
}

// says is what status and doctor say of the peer, on the panel too, as config/certificates.md has it.
func (v visitor) says(of string) string {
	v.Helper()
	v.Await("a problem is named", tlsProblem)
	out, code := v.Paird("status", "--json")
	var s control.Status
	if err := json.Unmarshal([]byte(out), &s); err != nil || code != 1 || !tlsProblem(s) {
		v.Fatalf("status: exit %d: %s", code, out)
	}
	screen := display.Problem{Code: string(s.Problem.Code), Detail: s.Problem.Detail, Queued: s.Queue.Messages}
	e2e.Eventually(v, "the panel shows it", func() bool { return v.panelShows(screen) })
	v.Stop()
	if n := v.came.Load(); n > 0 {
		v.Errorf("something came through, %d times", n)
	}
	detail := general(s.Problem.Detail)
	out, code = v.Paird("doctor")
	if i := strings.Index(out, "FAIL "+of); code != 1 || i < 0 || !strings.Contains(general(out[i:]), detail) {
		v.Errorf("doctor: exit %d, not %q: %s", code, detail, out)
	}
	return detail
}

// general is a text without what differs from run to run.
func general(text string) string {
	text = regexp.MustCompile(`(127\.0\.0\.1|localhost):\d+`).ReplaceAllString(text, "$1")
	text = regexp.MustCompile(`current time \S+ is (before|after) [0-9TZ:-]+`).ReplaceAllString(text, "current time … is $1 …")
	return strings.TrimPrefix(strings.TrimPrefix(text, "metadata: "), "broker: ")
}

var pageOf = regexp.MustCompile(`"simulated panel","url":"([^"?]+)`)

// panelShows reports whether the simulated panel shows that screen.
func (v visitor) panelShows(s display.Screen) bool {
	m := pageOf.FindStringSubmatch(v.Journal())
	if m == nil {
		return false
	}
	resp := e2e.Must(http.Get(m[1] + "panel.png"))(v)
	defer resp.Body.Close()
	got := e2e.Must(png.Decode(resp.Body))(v)
	var want bytes.Buffer
	must(v, display.EncodePNG(&want, display.Render(s, display.Geometry{Width: 400, Height: 300, Name: "Kitchen printer"})))
	expected := e2e.Must(png.Decode(&want))(v)
	for y := range 300 {
		for x := range 400 {
			if got.At(x, y) != expected.At(x, y) {
				return false
			}
		}
	}
	return true
}

// certificateTable is what config/certificates.md says, by flaw and peer: of the broker the same, with its own key.
func certificateTable(t *testing.T) map[string]map[string]string {
	t.Helper()
	said := map[string]map[string]string{}
	for line := range strings.Lines(string(e2e.Must(os.ReadFile("../../../config/certificates.md"))(t))) {
		if cells := strings.Split(line, " | "); len(cells) == 3 {
			said[strings.TrimPrefix(cells[0], "| ")] = map[string]string{
				"server": cells[1], "broker": strings.ReplaceAll(cells[1], "auth.ca_file", "mqtt.ca_file"),
			}
		}
	}
	delete(said, "the certificate is")
	if len(said) == 0 {
		t.Error("config/certificates.md has no rows")
	}
	return said
}
