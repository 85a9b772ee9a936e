package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

const (
	deviceID   = "kitchen-printer"
	deviceName = "Kitchen printer"
)

// deviceSettings are what differs from one run of the lab to the next.
type deviceSettings struct {
	state    string // directory
	issuer   string
	caFile   string // "" where the issuer is http
	secret   string // file; "" for a public client
	broker   string // URL
	sim      string // address of the simulator's page
	panel    string // that it looks like; "" for a plain one of that size
	size     string
	language string
}

func (s deviceSettings) file() string { return filepath.Join(s.state, "paird.toml") }

// text is the device's paird.toml.
func (s deviceSettings) text() string {
	var b strings.Builder
	section := func(name string) { fmt.Fprintf(&b, "[%s]\n", name) }
	set := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s = %s\n", key, strconv.Quote(value))
		}
	}
	section("device")
	set("name", deviceName)
	set("id", deviceID)
	set("state_dir", s.state)
	section("auth")
	set("issuer", s.issuer)
	set("client_id", clientID)
	set("client_secret_file", s.secret)
	set("ca_file", s.caFile)
	b.WriteString(`scopes = ["` + strings.Join(scopes, `", "`) + "\"]\n")
	b.WriteString("params = { device_name = \"{device_name}\", device_id = \"{device_id}\" }\n")
	section("display")
	set("panel", "sim")
	set("size", s.size)
	set("language", s.language)
	section("sim")
	set("listen", s.sim)
	b.WriteString("open = true\n") // the lab's own page shows it
	set("panel", s.panel)
	section("mqtt")
	set("url", s.broker)
	set("topic", topicRoot+"/{device_id}")
	set("spread", "0s")
	section("telemetry")
	set("interval", "5s")
	section("control")
	set("socket", filepath.Join(s.state, "paird.sock"))
	section("log")
	set("format", "text")
	return b.String()
}

// parse reads that text as paird does, and has the board checked.
func (s deviceSettings) parse() (config.Config, error) {
	cfg, err := config.Parse(strings.NewReader(s.text()))
	if err != nil {
		return cfg, err
	}
	return cfg, daemon.Check(cfg)
}

// write leaves paird.toml in the device's directory, so that paird's commands work beside the lab.
func (s deviceSettings) write() error {
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return fmt.Errorf("device's directory: %w; give another --state", err)
	}
	if err := os.WriteFile(s.file(), []byte(s.text()), 0o600); err != nil {
		return fmt.Errorf("device's configuration: %w", err)
	}
	return nil
}

// runDevice is paird itself, as `paird run` runs it. Its log goes to out as lines without time.
func runDevice(ctx context.Context, cfg config.Config, out io.Writer, ready func()) error {
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
	return daemon.Run(ctx, cfg, daemon.Options{
		Version:  version,
		Built:    time.Now(), // device and servers share one clock: it is right by definition
		Terminal: out,
		Ready:    ready,
		Log:      log,
	})
}

func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
