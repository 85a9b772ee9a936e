package troubles

import (
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
)

const auto = `start = "auto"`

// serverTroubles are those of network, clock and authorization server.
func serverTroubles() []trouble {
	const network, secure, service, setUp = "No network", "No secure connection", "Service not available", "Not set up correctly"
	return []trouble{
		{"the clock was never set (1970)", "Setting the clock", control.ProblemClockUnset, "the time is not set", "`clock`", "1, 1", "", clock1970},
		{"the server's name is not found (DNS)", network, control.ProblemNoNetwork, "no answer from auth.invalid", "`server`", "1, 1", "", at("https://auth.invalid")},
		{"the connection is refused", service, control.ProblemServer, "connection refused", "`server`", "1, 1", "see that the server runs, and the port in auth.issuer; paird tries again", refused},
		{"a captive portal", "Network needs a sign-in", control.ProblemCaptivePortal, "this network wants a sign-in", "`server`", "1, 1", "",
			answering("/", 302, "Location: http://portal.example/", "")},
		{"the certificate is of an unknown authority, or `ca_file` is the wrong one", secure, control.ProblemTLS, "certificate signed by unknown authority", "`server`", "1, 1", "set auth.ca_file to the authority that signed the server's certificate", wrongAuthority},
		{"the certificate has expired, or the clock is ahead", secure, control.ProblemTLS, "certificate has expired or is not yet valid", "`server`", "1, 1", "renew the server's certificate; where the first date is wrong, set the clock",
			certified(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })},
		{"the certificate is not yet valid, or the clock is behind", secure, control.ProblemTLS, "certificate has expired or is not yet valid", "`server`", "1, 1", "set the clock (NTP); where the first date is right, the certificate counts from the second on",
			certified(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(30 * time.Minute) })},
		{"the certificate is for another name", secure, control.ProblemTLS, "certificate is valid for 127.0.0.2, not 127.0.0.1", "`server`", "1, 1", "use a name of the certificate in auth.issuer or mqtt.url, or let the certificate have this name",
			certified(func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} })},
		{"the server fails (5xx)", service, control.ProblemServer, "answered 503 Service Unavailable", "`server`", "1, 1", "", answering("/", 503, "Retry-After: 2", "out of order")},
		{"the server limits requests (429)", service, control.ProblemServer, "answered 429 Too Many Requests", none, "1, 1", "wait, paird tries again; where it stays, ask the operator for a higher limit", answering("/device_authorization", 429, "Retry-After: 2", "slow down")},
		{"the address is no authorization server (404)", setUp, control.ProblemConfig, "no metadata at http://127.0.0.1", "`server`", "1, 1", "correct auth.issuer; the recipe of the server says how it looks", answering("/", 404, "Content-Type: text/html", "no such page")},
		{"the client id is unknown", setUp, control.ProblemConfig, "says invalid_client", none, "1, 1", "compare auth.client_id and auth.client_auth with the client at the server", configured("client_id = \"nonesuch\"\n" + auto)},
		{"a scope is not allowed", setUp, control.ProblemConfig, "says invalid_scope", none, "1, 1", "allow auth.scopes for this client at the server, or ask for fewer", configured("scopes = [\"openid\", \"nonesuch\"]\n" + auto)},
		{"the user refused the code", "Request denied", control.ProblemDenied, "says access_denied", none, "1, 1", "", decided(provider.Deny)},
		{"the code was not approved in time", "Code expired", control.ProblemExpired, "says expired_token", none, "1, 1", "", decided(provider.Expire)},
		{"the grant was revoked, or ended while the device was off", "Press the button", "", "unpaired", none, "4, 0", "", revoked},
	}
}

// at is a device whose issuer is there.
func at(issuer string) func(*testing.T) *device {
	return func(t *testing.T) *device { return newDevice(t, issuer, auto).started() }
}

func clock1970(t *testing.T) *device {
	d := newDevice(t, newLab(t, time.Hour).URL, auto)
	d.Wrap = []string{e2e.Must(os.Executable())(t), withoutNTP, e2e.Program(late)}
	d.command = append(slices.Clone(d.Wrap), "paird")
	return d.started()
}

func refused(t *testing.T) *device { return at("http://" + closedPort(t))(t) }

// answering is a device whose server answers requests below path with that.
func answering(path string, status int, header, body string) func(*testing.T) *device {
	return func(t *testing.T) *device {
		return newDevice(t, newLab(t, time.Hour).answers(path, status, header, body).URL, auto).started()
	}
}

func wrongAuthority(t *testing.T) *device {
	url, _ := secured(t, unchanged)
	_, other := secured(t, unchanged)
	return newDevice(t, url, "ca_file = \""+other+"\"\n"+auto).started()
}

// certified is a device whose server has that certificate, which it trusts.
func certified(change func(*x509.Certificate)) func(*testing.T) *device {
	return func(t *testing.T) *device {
		url, own := secured(t, change)
		return newDevice(t, url, "ca_file = \""+own+"\"\n"+auto).started()
	}
}

// configured is a device with those lines of [auth].
func configured(auth string) func(*testing.T) *device {
	return func(t *testing.T) *device { return newDevice(t, newLab(t, time.Hour).URL, auth).started() }
}

func decided(d provider.Decision) func(*testing.T) *device {
	return func(t *testing.T) *device {
		l := newLab(t, time.Hour)
		l.Always(d)
		d := newDevice(t, l.URL, "").started()
		d.Paird("pair") // once: by itself the device would ask for another code, which ends the problem
		return d
	}
}

func revoked(t *testing.T) *device {
	l := newLab(t, 2*time.Second)
	d := newDevice(t, l.URL, "").started()
	d.Paird("pair", "--wait")
	d.Await("paired", e2e.Paired)
	l.answers("/token", http.StatusBadRequest, "Content-Type: application/json", `{"error":"invalid_grant"}`)
	d.Await("unpaired", e2e.Unpaired)
	return d
}
