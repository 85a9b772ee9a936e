package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// examine runs the checks, in the order in which one depends on another.
func (p *program) examine(ctx context.Context) []finding {
	cfg, err := p.load()
	if err == nil {
		err = p.check(cfg)
	}
	found := []finding{verdict("config", err, p.config+" is good")}
	if err != nil {
		return found
	}
	found = append(found, clockFinding())
	running, daemonFinding := daemonOf(ctx, cfg)
	found = append(found, daemonFinding, keyFinding(cfg))
	meta, metaFinding := p.metadata(ctx, cfg)
	found = append(found, metaFinding, panelFinding(cfg, running))
	if cfg.Display.Panel != "none" {
		found = append(found, fitFinding(cfg, meta))
	}
	if cfg.MQTT.URL != "" {
		found = append(found, brokerFinding(ctx, cfg, running))
	}
	if cfg.Auth.DPoP != "off" {
		found = append(found, finding{"dpop", true, "tokens are bound to this device: brokers that check the binding refuse them as passwords"})
	}
	return found
}

func verdict(check string, err error, good string) finding {
	if err != nil {
		return finding{check, false, err.Error()}
	}
	return finding{check, true, good}
}

func clockFinding() finding {
	c := clock.New(clock.Options{Floor: buildTime()})
	switch {
	case c.Synchronised():
		return finding{"clock", true, "synchronised: " + time.Now().UTC().Format(time.RFC3339)}
	case c.Set():
		return finding{"clock", true, "not synchronised since boot, but later than this program's build: " + time.Now().UTC().Format(time.RFC3339)}
	}
	return finding{"clock", false, "the time is not set: TLS cannot be checked; see that NTP gets through"}
}

// daemonOf asks the daemon, if there is one.
func daemonOf(ctx context.Context, cfg config.Config) (*control.Status, finding) {
	s, err := control.NewClient(cfg.Control.Socket).Status(ctx)
	if err != nil {
		return nil, finding{"daemon", errors.Is(err, control.ErrNotRunning), err.Error()}
	}
	if s.Problem != nil {
		return &s, finding{"daemon", false, fmt.Sprintf("%s, problem %s: %s", s.State, s.Problem.Code, s.Problem.Detail)}
	}
	return &s, finding{"daemon", true, string(s.State)}
}

// keyFinding says what the tokens on the disk are protected against.
func keyFinding(cfg config.Config) finding {
	if cfg.Secrets.Key != "file" {
		if _, err := os.Stat(filepath.Join(os.Getenv("CREDENTIALS_DIRECTORY"), "paird-key")); err == nil {
			return finding{"secrets", true, "sealed under a systemd credential: a stolen card is safe as far as that credential is bound to this board"}
		}
	}
	return finding{"secrets", true, "sealed under a key file on the same card: other users are kept out, a stolen card or board is not"}
}

// metadata asks the authorization server, over TLS, as the daemon does.
func (p *program) metadata(ctx context.Context, cfg config.Config) (deviceauth.Metadata, finding) {
	who := daemon.Identify(cfg)
	noKey := func() ([]byte, error) { return nil, errors.New("no key without a store") }
	c, err := daemon.Authorization(cfg, who, version, noKey, nil)
	if err != nil {
		return deviceauth.Metadata{}, verdict("server", err, "")
	}
	c.Cache = nil
	client, err := deviceauth.New(c)
	if err != nil {
		return deviceauth.Metadata{}, verdict("server", err, "")
	}
	m, err := client.Metadata(ctx)
	return m, verdict("server", err, fmt.Sprintf("%s: device authorization at %s", cmp.Or(cfg.Auth.Issuer, "endpoints by hand"), m.DeviceAuthorizationEndpoint))
}

func panelFinding(cfg config.Config, running *control.Status) finding {
	switch {
	case running != nil && running.Panel != nil:
		return finding{"panel", running.Panel.OK, fmt.Sprintf("%s %s %s", running.Panel.Driver, running.Panel.Size, orNone(running.Panel.Error, "draws"))}
	case cfg.Display.Panel == "none":
		return finding{"panel", true, "none configured"}
	}
	return finding{"panel", true, cfg.Display.Panel + ": start the daemon to see whether it answers"}
}

// fitFinding tells which QR code the panel will show for the kind of URI this server gives.
func fitFinding(cfg config.Config, m deviceauth.Metadata) finding {
	at := image.Point{}
	if cfg.IsSet("display.size") {
		at = cfg.Display.Size
	}
	g, err := panelGeometry(cfg.Display.Panel, at)
	if err != nil {
		return verdict("qr", err, "")
	}
	if cfg.Display.Rotate%180 == 90 {
		g.Width, g.Height = g.Height, g.Width
	}
	base := cmp.Or(m.DeviceAuthorizationEndpoint, cfg.Auth.Issuer)
	u, err := url.Parse(base)
	if err != nil {
		return verdict("qr", err, "")
	}
	plain := u.Scheme + "://" + u.Host + "/device" // the server tells the real one only with a code
	fit := display.Fit(plain+"?user_code=WDJB-MJHT", plain, g)
	text := fmt.Sprintf("for %s?user_code=WDJB-MJHT on %dx%d: ", plain, g.Width, g.Height)
	if fit.Version == 0 {
		return finding{"qr", true, text + "no QR code, the user code in large text; " + fit.Dropped}
	}
	text += fmt.Sprintf("%s, version %d, level %s, %d px a module", fit.Content, fit.Version, fit.Level, fit.ModulePixels)
	if fit.Dropped != "" {
		text += "; " + fit.Dropped
	}
	return finding{"qr", true, text}
}

// brokerFinding tells whether the broker can be reached; only the daemon has a token to try it with.
func brokerFinding(ctx context.Context, cfg config.Config, running *control.Status) finding {
	if running != nil && running.Broker != nil && running.Broker.State != control.BrokerOff {
		b := running.Broker
		return finding{"broker", b.State == control.BrokerOnline, fmt.Sprintf("%s %s %s", b.State, b.URL, b.Error)}
	}
	o, err := daemon.Broker(cfg, daemon.Identify(cfg), version)
	if err != nil {
		return verdict("broker", err, "")
	}
	l, err := telemetry.New(o, nil)
	if err != nil {
		return verdict("broker", err, "")
	}
	return verdict("broker", l.Reach(ctx), cfg.MQTT.URL+" answers; only the daemon can tell whether it takes the token")
}
