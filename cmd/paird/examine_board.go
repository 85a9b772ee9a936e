package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
)

// secrets says where the tokens are, what protects them, and which files the daemon will refuse.
func (x *checkup) secrets() finding {
	seen, err := daemon.Inspect(x.cfg, quiet())
	if seen.SealedBy == "file" && !seen.KeyFile {
		err = errors.Join(err, errors.New("the key file that opens the tokens is gone: bring it back, or pair again"))
	}
	return verdict("secrets", errors.Join(err, errors.Join(seen.Faults...)), seen.String())
}

// panel reports whether the panel answers: the daemon's status, or an attempt to open it.
func (x *checkup) panel(ctx context.Context) finding {
	name := x.cfg.Display.Panel
	switch {
	case name == "none":
		return finding{"panel", skipped, "none configured"}
	case x.status != nil && x.status.Panel != nil:
		n := x.status.Panel
		return finding{"panel", passed(n.OK), fmt.Sprintf("%s %s %s", n.Driver, n.Size, orNone(n.Error, "draws"))}
	case !x.absent:
		return finding{"panel", skipped, name + ": only the daemon knows, and its status does not say"}
	case slices.Contains([]string{"sim", "png", "terminal"}, name):
		return finding{"panel", skipped, name + ": no hardware to look at"}
	}
	hw := daemon.Hardware(x.cfg, x.who.Name, nil, slog.New(slog.DiscardHandler))
	hw.ButtonPin, hw.LEDPin = "", ""
	b, err := hal.Open(ctx, hw)
	if err != nil {
		return verdict("panel", err, "")
	}
	size := b.Panel.Bounds().Size()
	good := fmt.Sprintf("%s %dx%d answers", b.Driver, size.X, size.Y)
	return verdict("panel", errors.Join(b.Fault, b.Close()), good)
}

const usablePins = "button and LED can be used"

// pins reports whether button and LED can be used: the daemon's status, or an attempt to open them.
func (x *checkup) pins(ctx context.Context) finding {
	const name = "pins"
	if x.status != nil {
		if seen := pinFinding(x.status.Problems); seen.Result == failed {
			return seen // the simulator's button too
		}
	}
	switch {
	case x.cfg.Button.Pin == "" && x.cfg.LED.Pin == "":
		return finding{name, skipped, "neither button.pin nor led.pin is set"}
	case x.status != nil:
		return pinFinding(x.status.Problems)
	case !x.absent:
		return finding{name, skipped, "only the daemon knows"}
	}
	hw := daemon.Hardware(x.cfg, x.who.Name, nil, slog.New(slog.DiscardHandler))
	hw.Board, hw.Panel = "", "none"
	b, err := hal.Open(ctx, hw)
	if err != nil {
		return verdict(name, err, "")
	}
	return verdict(name, errors.Join(b.PinFault, b.Close()), usablePins)
}

// pinFinding is what the daemon's problems say of button and LED. Of two problems with one code the status has one.
func pinFinding(all []control.Problem) finding {
	i := slices.IndexFunc(all, func(p control.Problem) bool { return p.Code == control.ProblemPanel })
	switch {
	case i < 0:
		return finding{"pins", good, usablePins}
	case strings.HasPrefix(all[i].Detail, "button: ") || strings.HasPrefix(all[i].Detail, "LED: "):
		return finding{"pins", failed, all[i].Detail}
	}
	return finding{"pins", skipped, "not known while the panel has a problem"}
}

// sensors reports whether the sensors can be read. Programs are not run: this user may be root, and they are written for
// the daemon's.
func (x *checkup) sensors(ctx context.Context) finding {
	const name = "sensors"
	if !x.absent {
		return finding{name, skipped, "the daemon reads them: its log says which fails; or stop it, and run this again"}
	}
	all, err := daemon.BoardSensors(x.cfg)
	for _, s := range all {
		if _, failed := s.Read(ctx); failed != nil {
			err = errors.Join(err, fmt.Errorf("%v: %w", s, failed))
		}
	}
	return verdict(name, err, fmt.Sprintf("%d can be read, without those of driver exec", len(all)))
}

// fit says which QR code the panel will show for the kind of URI this server gives, or gave.
func (x *checkup) fit(m deviceauth.Metadata) finding {
	g, err := configuredGeometry(x.cfg)
	if err != nil {
		return verdict("qr", err, "")
	}
	plain, complete, err := x.uris(m)
	if err != nil {
		return verdict("qr", err, "")
	}
	fit := display.Fit(complete, plain, g)
	text := fmt.Sprintf("for %s on %dx%d: ", display.ASCIIURI(cmp.Or(complete, plain)), g.Width, g.Height)
	if fit.Version == 0 {
		text += "no QR code, the user code in large text"
	} else {
		text += fmt.Sprintf("%s, version %d, level %s, %d px a module", fit.Content, fit.Version, fit.Level, fit.ModulePixels)
	}
	if fit.Dropped != "" {
		text += "; " + fit.Dropped
	}
	if !x.codeShown() {
		text += "; a guess, the server gives the address only with a code"
	}
	return finding{"qr", good, text}
}

// codeShown reports whether the daemon has a code, and this user may see it.
func (x *checkup) codeShown() bool {
	return x.status != nil && x.status.Pairing != nil && x.status.Pairing.VerificationURI != ""
}

// uris are those of the code that is shown. Without a code they are a guess: the server gives them only with a code.
func (x *checkup) uris(m deviceauth.Metadata) (plain, complete string, err error) {
	if x.codeShown() {
		return x.status.Pairing.VerificationURI, x.status.Pairing.VerificationURIComplete, nil
	}
	u, err := url.Parse(cmp.Or(m.DeviceAuthorizationEndpoint, x.cfg.Auth.DeviceAuthorizationEndpoint, x.cfg.Auth.Issuer))
	if err != nil {
		return "", "", err
	}
	plain = u.Scheme + "://" + u.Host + "/device"
	return plain, plain + "?user_code=WDJB-MJHT", nil
}

// dpop names the key that tokens are bound to (RFC 9449 section 6).
func (x *checkup) dpop(m deviceauth.Metadata) finding {
	if x.cfg.Auth.DPoP == "auto" && !slices.Contains(m.DPoP, "ES256") {
		return finding{"dpop", good, "this server does not offer it: tokens are not bound to this device"}
	}
	text := "tokens are bound to this device"
	print, err := "", error(store.ErrLocked)
	if x.absent {
		print, err = daemon.Thumbprint(x.cfg, quiet())
	}
	switch {
	case errors.Is(err, store.ErrLocked):
		text += ", the daemon holds the key: stop it to see the thumbprint"
	case errors.Is(err, daemon.ErrNoKey):
		text += ": " + err.Error()
	case err != nil:
		return verdict("dpop", err, "")
	default:
		text += ", thumbprint " + print
	}
	if warning := daemon.BoundPassword(x.cfg); warning != "" {
		text += "; " + warning
	}
	return finding{"dpop", good, text}
}
