package daemon

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/hooks"
	"github.com/paird/paird/agent/telemetry"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/sensor"
)

// Choices are the names that keys of a configuration may have, from the packages that know them.
func Choices() config.Choices {
	return config.Choices{
		"display.board":           boards(),
		"display.panel":           panels(),
		"display.language":        display.Languages(),
		"sim.panel":               simulated(),
		"mqtt.preset":             telemetry.Presets(),
		"mqtt.commands":           telemetry.Commands(),
		"telemetry.metrics":       telemetry.Metrics(),
		"telemetry.sensor.driver": append(sensor.Drivers(), "file", "exec"),
	}
}

// Check finds everything that is wrong with cfg and can be known without network and hardware. Each rule is
// asked of the package that needs it. The error is a config.Problems: `paird run` ends with it, `paird config
// check` and doctor print it.
func Check(cfg config.Config) error {
	cfg = WithBoard(cfg)
	who := Identify(cfg)
	all := []error{checkID(cfg.Device.ID), checkParams(cfg.Auth.Params)}
	all = append(all, checkAuth(cfg, who)...)
	all = append(all, hal.Check(Hardware(cfg, who.Name, nil, nil))...)
	all = append(all, checkBroker(cfg, who)...)
	all = append(all, checkLanguage(cfg.Display.Language), hooks.Check(cfg.Hooks.OnEvent))
	all = append(all, control.Check(cfg.Control.Socket, peers(cfg.Control))...)
	return cfg.Problems(append(all, cfg.CheckFiles())...)
}

// checkID refuses what does not fit into a topic, a client id and a host name.
func checkID(id string) error {
	legal := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
	}
	if len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return !legal(r) }) {
		return fmt.Errorf("device.id: %q does not fit, write 1 to 64 letters, digits, - or _", id)
	}
	return nil
}

func boards() []string {
	var names []string
	for _, b := range hal.Boards() {
		names = append(names, b.Name)
	}
	return names
}

func panels() []string {
	var names []string
	for _, p := range hal.Panels() {
		names = append(names, p.Name)
	}
	return names
}

// simulated are the panels that the simulator can look like.
func simulated() []string {
	var names []string
	for _, p := range hal.Panels() {
		if len(p.Sizes) > 0 {
			names = append(names, p.Name)
		}
	}
	return names
}

func peers(c config.Control) map[string][]string {
	return map[string][]string{"status": c.Status, "publish": c.Publish, "subscribe": c.Subscribe, "token": c.Token, "pair": c.Pair, "reset": c.Reset}
}

// checkAuth asks deviceauth. Files that cannot be read are CheckFiles' to report.
func checkAuth(cfg config.Config, who Device) []error {
	auth, err := Authorization(cfg, who, "", nil, nil)
	if err != nil {
		return nil
	}
	return deviceauth.Check(auth)
}

// checkBroker asks telemetry and the sensors.
func checkBroker(cfg config.Config, who Device) []error {
	broker, err := Broker(cfg, who, "")
	if cfg.MQTT.URL == "" {
		return []error{err}
	}
	return append(telemetry.Check(broker), err)
}

func checkLanguage(language string) error {
	if known := display.Languages(); !slices.Contains(known, language) {
		return fmt.Errorf("display.language: %q is not known, write one of %s", language, strings.Join(known, ", "))
	}
	return nil
}

// checkParams finds placeholders that nothing fills in.
func checkParams(params map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		left := strings.NewReplacer("{device_name}", "", "{device_id}", "").Replace(params[name])
		if strings.ContainsAny(left, "{}") {
			return fmt.Errorf("auth.params: %s: %q has an unknown placeholder, use {device_name} {device_id}", name, params[name])
		}
	}
	return nil
}

// Warnings are what works and is probably not meant, one line each. `paird config check` prints them and `paird
// run` logs them.
func Warnings(cfg config.Config) []string {
	var all []string
	if bearer := BoundPassword(cfg); bearer != "" {
		all = append(all, bearer)
	}
	who := peers(cfg.Control)
	for _, key := range slices.Sorted(maps.Keys(who)) {
		if missing := control.Missing(who[key]); len(missing) > 0 && cfg.IsSet("control."+key) {
			all = append(all, fmt.Sprintf("control.%s: this machine has no %s, so it allows nothing", key, strings.Join(missing, ", ")))
		}
	}
	if sim := simulatorWarning(cfg); sim != "" {
		all = append(all, sim)
	}
	if cfg.MQTT.CAFile != "" && strings.HasPrefix(cfg.MQTT.URL, "mqtt://") {
		all = append(all, "mqtt.ca_file: mqtt:// uses no certificates, so it does nothing")
	}
	if lonely := Unpairable(cfg); lonely != nil {
		all = append(all, lonely.Error())
	}
	return all
}

// Unpairable says that this device can never be paired by its owner: there is no button, no panel that has one, none who may pair
// by the control socket but root, and pairing waits for the user to begin (RFC 8628 section 3.1). Root may still run `paird pair`, and
// so it is a warning. The error is a config.Problems.
func Unpairable(cfg config.Config) error {
	b := WithBoard(cfg)
	pressed := b.Button.Pin != "" || b.Display.Panel == "sim" || b.Display.Panel == "terminal"
	if b.Auth.Start != "button" || pressed || len(control.Missing(b.Control.Pair)) < len(b.Control.Pair) {
		return nil
	}
	return cfg.Problems(errors.New(`auth.start: "button" waits for a button, and there is none, so only root can begin pairing, by ` +
		"`paird pair`" + `; set button.pin, control.pair or start = "auto"`))
}

// Hints are for the person who writes a configuration; the log does not have them: `paird config check` prints them.
func Hints(cfg config.Config) []string {
	var all []string
	programs := map[string][]string{"hooks.on_event": cfg.Hooks.OnEvent}
	for i, s := range cfg.Telemetry.Sensors {
		programs[fmt.Sprintf("telemetry.sensor[%d].command", i+1)] = s.Command
	}
	for _, key := range slices.Sorted(maps.Keys(programs)) {
		if p := programs[key]; len(p) > 0 && (strings.HasPrefix(p[0], "/home/") || strings.HasPrefix(p[0], "/root/")) {
			all = append(all, key+": the unit hides /home and /root from the daemon (ProtectHome=): install the program below /usr/local")
		}
	}
	return all
}

// simulatorWarning warns of the simulator in a system installation, which is one that uses the usual state directory:
// [control] says nothing about its page.
func simulatorWarning(cfg config.Config) string {
	switch {
	case cfg.Display.Panel != "sim" || cfg.Device.StateDir != config.Default().Device.StateDir:
		return ""
	case cfg.Sim.Open:
		return `sim.open: every user of this machine may see the code, pair and reset on the simulator's page`
	}
	return `display.panel = "sim": it is for trying things out, every user who has the address of its page may see the code, pair and reset`
}

// BoundPassword warns that the broker may be given a token which is bound to a key (RFC 9449 section 6): MQTT has
// no place for the proof of possession that goes with it.
func BoundPassword(cfg config.Config) string {
	m := cfg.MQTT
	given := append(slices.Collect(maps.Values(m.Headers)), m.Username, m.Password)
	handed := m.Preset != "" || slices.ContainsFunc(given, func(s string) bool { return strings.Contains(s, "{access_token}") })
	if cfg.Auth.DPoP == "off" || m.URL == "" || !handed {
		return ""
	}
	return fmt.Sprintf(`auth.dpop = %q: a token bound to this device goes to the broker as a bearer token, and a broker that checks the binding will refuse it`, cfg.Auth.DPoP)
}
