package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
)

// options of `pairlab demo`.
type options struct {
	host string // of all pages; loopback but for --lan
	port string // "" for 8080 or, if that is taken, any

	lan      bool
	open     bool   // show the page in a browser
	panel    string // that the simulator looks like
	size     string // of a panel without --panel
	language string
	state    string // the device's directory; "" for one that is removed at the end

	lifetime time.Duration // of access tokens
	refresh  time.Duration // of refresh tokens, since the last use
	ttl      time.Duration // of codes
	grants   string        // shared or separate
	rotation string        // on or off
	grace    time.Duration
}

func demoFlags(args []string, stderr io.Writer) (options, error) {
	var o options
	var listen string
	f := flag.NewFlagSet("pairlab demo", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&listen, "listen", "", "loopback `address` of the page (default 127.0.0.1:8080, or a free port if that is taken)")
	f.BoolVar(&o.lan, "lan", false, "let a real phone take part: open the pages to this machine's network, over https")
	f.BoolVar(&o.open, "open", false, "open the page in a browser")
	f.StringVar(&o.panel, "panel", "", "`name` of the panel to simulate, such as waveshare2in13v4 (default: a plain one)")
	f.StringVar(&o.size, "panel-size", "128x64", "`size` of the plain panel, such as 128x32")
	f.StringVar(&o.language, "language", "en", "of the panel, two `letters`")
	f.StringVar(&o.state, "state", "", "`directory` that keeps the device's files; the servers forget, so pair again after a restart (default: a temporary one, removed at the end)")
	f.DurationVar(&o.lifetime, "lifetime", time.Minute, "how long an access token is good, whole seconds; short ones show refreshes")
	f.DurationVar(&o.refresh, "refresh-lifetime", 30*24*time.Hour, "how long a refresh token is good after its last use, whole seconds")
	f.DurationVar(&o.ttl, "ttl", 5*time.Minute, "how long a code is good, whole seconds")
	f.StringVar(&o.grants, "grants", "separate", "`shared`: revoking or reusing a token ends all grants of the same user, as at oidc-provider, Logto or Keycloak; or separate")
	f.StringVar(&o.rotation, "rotation", "on", "`on`: each refresh gives a new refresh token; or off, for a client with a secret")
	f.DurationVar(&o.grace, "grace", 30*time.Second, "how long a rotated refresh token may still be used again; 0s: its use ends the grant")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("demo: unexpected argument %q", f.Arg(0))
	}
	return o, errors.Join(o.address(listen), o.checkTimes(), o.checkChoices(), o.checkDevice())
}

// address takes --listen apart.
func (o *options) address(listen string) (err error) {
	o.host = loopback
	if o.lan {
		ip, err := lanAddress()
		if err != nil {
			return err
		}
		o.host = ip.String()
	}
	if listen == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(listen)
	o.port = port
	switch {
	case err != nil || port == "":
		return fmt.Errorf("--listen %s: give an address with a port, such as 127.0.0.1:8080", listen)
	case host == "" || host == o.host || host == "localhost" && !o.lan:
		return nil
	}
	return fmt.Errorf("--listen %s: the lab listens on %s; --lan opens it to the network", listen, o.host)
}

func (o *options) checkTimes() error {
	for name, d := range map[string]time.Duration{"lifetime": o.lifetime, "refresh-lifetime": o.refresh, "ttl": o.ttl} {
		if d < 2*time.Second || d%time.Second != 0 {
			return fmt.Errorf("--%s %s: give whole seconds, at least 2s", name, d)
		}
	}
	if o.grace < 0 {
		return fmt.Errorf("--grace %s: give 0s or more", o.grace)
	}
	return nil
}

func (o *options) checkChoices() error {
	switch {
	case o.grants != "shared" && o.grants != "separate":
		return fmt.Errorf("--grants %s: write shared or separate", o.grants)
	case o.rotation != "on" && o.rotation != "off":
		return fmt.Errorf("--rotation %s: write on or off", o.rotation)
	}
	return nil
}

func (o *options) checkDevice() (err error) {
	s := deviceSettings{
		state: filepath.Clean(os.TempDir()), issuer: "http://" + loopback, broker: "mqtt://" + loopback, sim: loopback + ":0",
		panel: o.panel, size: o.plainSize(), language: o.language,
	}
	if _, err := s.parse(); err != nil {
		return fmt.Errorf("--panel, --panel-size or --language: %w", err)
	}
	if o.state != "" {
		if o.state, err = filepath.Abs(o.state); err != nil {
			return fmt.Errorf("--state: %w", err)
		}
	}
	return nil
}

// plainSize is the size where no panel's name gives it.
func (o *options) plainSize() string {
	if o.panel != "" {
		return ""
	}
	return o.size
}

const (
	audience  = "mqtt"
	topicRoot = "paird"
	scope     = "telemetry"
	clientID  = "printer"
)

// scopes are what the device asks for; the last is the one that the broker requires.
var scopes = []string{"openid", "profile", "offline_access", scope}

// provider returns the options of the authorization server. secret is "" for a public client.
func (o *options) provider(issuer, secret string) provider.Options {
	return provider.Options{
		Issuer:    issuer,
		Audiences: []string{audience},
		Clients:   []provider.Client{{ID: clientID, Name: "Example Printers", Secret: secret, Scopes: scopes}},
		Users: []provider.User{
			{Subject: "user-1", Username: "alice", Password: "alice", Name: "Alice", Email: "alice@example.com"},
			{Subject: "user-2", Username: "bob", Password: "bob", Name: "Bob", Email: "bob@example.com"},
		},
		AccessLifetime:  o.lifetime,
		RefreshLifetime: o.refresh,
		CodeLifetime:    o.ttl,
		Interval:        time.Second, // the least there is, so that a demonstration does not wait
		Rotation:        provider.Rotation{Off: o.rotation == "off", Grace: o.grace},
		SharedGrants:    o.grants == "shared",
		FrameAncestors:  []string{"'self'"},
	}
}
