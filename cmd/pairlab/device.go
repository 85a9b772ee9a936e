package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

const (
	deviceID   = "kitchen-printer"
	deviceName = "Kitchen printer"
)

// deviceSettings are what differs from one run of the lab to the next.
type deviceSettings struct {
	state  string // directory
	issuer string
	broker string // URL
	panel  string // address of the simulator's page
	size   string
}

// text is the device's paird.toml.
func (s deviceSettings) text() string {
	lines := []string{
		"[device]",
		"name = " + strconv.Quote(deviceName),
		"id = " + strconv.Quote(deviceID),
		"state_dir = " + strconv.Quote(s.state),
		"[auth]",
		"issuer = " + strconv.Quote(s.issuer),
		"client_id = " + strconv.Quote(clientID),
		`scopes = ["` + strings.Join(scopes, `", "`) + `"]`,
		`params = { device_name = "{device_name}", device_id = "{device_id}" }`,
		"[display]",
		`panel = "sim"`,
		"size = " + strconv.Quote(s.size),
		"[sim]",
		"listen = " + strconv.Quote(s.panel),
		"[mqtt]",
		"url = " + strconv.Quote(s.broker),
		`topic = "` + topicRoot + `/{device_id}"`,
		`spread = "0s"`,
		"[telemetry]",
		`interval = "5s"`,
		"[control]",
		"socket = " + strconv.Quote(filepath.Join(s.state, "paird.sock")),
		"[log]",
		`format = "text"`,
	}
	return strings.Join(lines, "\n") + "\n"
}

// parse reads that text as paird does, and has the board checked.
func (s deviceSettings) parse() (config.Config, error) {
	cfg, err := config.Parse(strings.NewReader(s.text()))
	if err != nil {
		return cfg, err
	}
	return cfg, errors.Join(hal.Check(hal.Options{Panel: cfg.Display.Panel, Size: cfg.Display.Size, SimListen: cfg.Sim.Listen})...)
}

// write leaves paird.toml in the device's directory, so that `paird status --config` and the like work
// beside the lab.
func (s deviceSettings) write() error {
	if err := os.MkdirAll(s.state, 0o700); err != nil {
		return fmt.Errorf("device's directory: %w; give another --state", err)
	}
	if err := os.WriteFile(filepath.Join(s.state, "paird.toml"), []byte(s.text()), 0o600); err != nil {
		return fmt.Errorf("device's configuration: %w", err)
	}
	return nil
}
