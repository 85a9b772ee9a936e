package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// bundle writes what a report of a fault needs: the findings, the status, the configuration, the system and the end of
// the daemon's log. No secret, code or account is in it; the file is the caller's alone, and is not written over.
func (p *program) bundle(ctx context.Context, file string, found []finding) error {
	var b bytes.Buffer
	who := daemon.Identify(config.Default())
	fmt.Fprintf(&b, "paird %s, %s %s, %s\n", version, runtime.GOOS, runtime.GOARCH, who.Model)
	if text, err := os.ReadFile("/etc/os-release"); err == nil {
		b.Write(text)
	}
	b.WriteString("\n== findings\n")
	for _, one := range found {
		if one.Check == "qr" {
			one.Detail = "" // it may have the user code
		}
		fmt.Fprintf(&b, "%s %s %s\n", one.Result, one.Check, one.Detail)
	}
	b.WriteString("\n== configuration\n")
	if cfg, err := p.load(); err != nil {
		fmt.Fprintln(&b, err)
	} else if err := errors.Join(redacted(cfg).Print(&b), p.bundleStatus(ctx, &b, cfg)); err != nil {
		return err
	}
	b.WriteString("\n== log\n")
	b.Write(lastLog(ctx))
	if file == "-" {
		_, err := p.stdout.Write(b.Bytes())
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b.Bytes())
	return errors.Join(err, f.Close())
}

// bundleStatus adds the status without code and account.
func (p *program) bundleStatus(ctx context.Context, w io.Writer, cfg config.Config) error {
	s, err := control.NewClient(cfg.Control.Socket).Status(ctx)
	if err != nil {
		_, err = fmt.Fprintf(w, "\n== status\n%s\n", oneLine(err))
		return err
	}
	if c := s.Pairing; c != nil {
		s.Pairing = &control.Pairing{ExpiresIn: c.ExpiresIn, Interval: c.Interval}
	}
	if g := s.Grant; g != nil {
		g.Subject, g.Name = "", ""
	}
	if k := s.Broker; k != nil {
		k.URL = withoutUser(k.URL)
	}
	if _, err := fmt.Fprintf(w, "\n== status\n"); err != nil {
		return err
	}
	return (&program{stdout: w}).printJSON(s)
}

const hidden = "(left out)"

// redacted is cfg without what may be a secret: whatever goes to a server as it stands, and arguments of programs.
func redacted(cfg config.Config) config.Config {
	m := &cfg.MQTT
	m.URL, m.Username, m.Password = withoutUser(m.URL), literal(m.Username), literal(m.Password)
	m.Headers, cfg.Auth.Params = maps.Clone(m.Headers), maps.Clone(cfg.Auth.Params)
	for _, set := range []map[string]string{m.Headers, cfg.Auth.Params} {
		for name, value := range set {
			set[name] = literal(value)
		}
	}
	cfg.Hooks.OnEvent = withoutArguments(cfg.Hooks.OnEvent)
	cfg.Telemetry.Sensors = slices.Clone(cfg.Telemetry.Sensors)
	for i, s := range cfg.Telemetry.Sensors {
		cfg.Telemetry.Sensors[i].Command = withoutArguments(s.Command)
	}
	return cfg
}

// literal leaves out a value with more in it than a placeholder.
func literal(value string) string {
	if value == "" || strings.HasPrefix(value, "{") && strings.Index(value, "}") == len(value)-1 {
		return value
	}
	return hidden
}

// withoutArguments is a command with its arguments left out.
func withoutArguments(command []string) []string {
	if len(command) < 2 {
		return command
	}
	return []string{command[0], hidden}
}

// withoutUser is a URL without the user and password that may stand in it.
func withoutUser(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return hidden
	}
	if u.User == nil {
		return text
	}
	u.User = url.User("left-out")
	return u.String()
}

// lastLog is the end of the daemon's log, where journald keeps it. What is logged holds no secrets.
func lastLog(ctx context.Context) []byte {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	out, err := exec.CommandContext(ctx, "journalctl", "--unit=paird", "--no-pager", "--output=short-iso", "--lines=200").CombinedOutput()
	if err != nil {
		out = fmt.Appendf(out, "journalctl: %v\n", err)
	}
	return out
}
