package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/display"
)

// status is `paird status`.
func (p *program) status(ctx context.Context, args []string) error {
	f := p.flags("status")
	asJSON := f.Bool("json", false, "print JSON")
	watch := f.Bool("watch", false, "print it again after each change, until Ctrl-C")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	begin := pressOrPair
	show := func(s control.Status) error {
		_, err := io.WriteString(p.stdout, summary(s, begin))
		return err
	}
	if *asJSON {
		show = func(s control.Status) error { return p.printJSON(s) }
	}
	if *watch {
		return p.watch(ctx, show)
	}
	var s control.Status
	err := p.ask(ctx, func(c *control.Client) (err error) {
		s, err = c.Status(ctx)
		return err
	}, func(ctx context.Context, a *agent.Agent) error {
		begin = "run `paird login`" // there is no daemon
		err := a.Loaded(ctx)
		if s = a.Status(); s.Problem != nil {
			return nil // it says why
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := show(s); err != nil {
		return err
	}
	return health(s)
}

// health is the exit code of a status that was printed: nil for a device that is well.
func health(s control.Status) error {
	switch {
	case s.Problem != nil:
		return &exit{exitFailed, errPrinted}
	case s.Grant == nil:
		return &exit{exitNotPaired, errPrinted}
	}
	return nil
}

// watch shows the status of the daemon now and after each event.
func (p *program) watch(ctx context.Context, show func(control.Status) error) error {
	c, err := p.reach()
	if err != nil {
		return err
	}
	events, err := c.Events(ctx) // first, so that no change after the status is missed
	if err != nil {
		return withCode(err)
	}
	next, end := iter.Pull2(events)
	defer end()
	for {
		s, err := c.Status(ctx)
		if err != nil {
			break
		}
		if err := show(s); err != nil {
			return err
		}
		if _, err, more := next(); err != nil || !more {
			break
		}
	}
	if ctx.Err() != nil {
		return nil // Ctrl-C is how it is meant to end
	}
	return &exit{exitNoDaemon, errors.New("the daemon has stopped: start it with `systemctl start paird` or `paird run`")}
}

func (p *program) printJSON(v any) error {
	e := json.NewEncoder(p.stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // URIs are for people too
	return e.Encode(v)
}

// summary is a status for a person; begin is how this device is paired.
func summary(s control.Status, begin string) string {
	var b strings.Builder
	line := func(name string, words ...string) {
		text := strings.Join(strings.Fields(strings.Join(words, " ")), " ")
		fmt.Fprintf(&b, "%-8s %s\n", name, text)
	}
	line("device", s.Device.Name, "("+s.Device.ID+"), paird", s.Version)
	line("state", string(s.State))
	if p := s.Pairing; p != nil && p.UserCode != "" {
		left := time.Duration(p.ExpiresIn) * time.Second
		line("pairing", "enter", p.UserCode, "at", display.ASCIIURI(p.VerificationURI), "within", left.String())
	}
	if g := s.Grant; g != nil {
		line("account", orNone(g.Name, "name not known")+", tokens of", g.Refreshed.Local().Format(time.DateTime))
	}
	if k := s.Broker; k != nil {
		line("broker", k.State, k.URL, k.Error)
		if k.Oversized > 0 {
			line("", fmt.Sprintf("%d messages of it were too large and were dropped", k.Oversized))
		}
	}
	if q := s.Queue; q != nil {
		line("queue", fmt.Sprintf("%d messages, %d bytes, %d dropped", q.Messages, q.Bytes, q.Dropped))
	}
	if n := s.Panel; n != nil {
		line("panel", n.Driver, n.Size, orNone(n.Error, "good"))
	}
	line("clock", map[bool]string{true: "synchronised", false: "not synchronised"}[s.Clock.Synchronised])
	for _, p := range s.Problems {
		line("problem", string(p.Code)+":", p.Detail)
	}
	if step := nextStep(s, begin); step != "" {
		line("next", step)
	}
	return b.String()
}

// nextStep is what a person can do now, "" for nothing.
func nextStep(s control.Status, begin string) string {
	if len(s.Problems) > 0 {
		return remedy(s.Problems[0])
	}
	switch s.State {
	case control.StatePairing:
		return "open the address, compare the code and approve"
	case control.StateUnpaired:
		return begin
	}
	return ""
}

const pressOrPair = "press the button, or run `paird pair --wait`"

// step is what a person can do about problems of a code whose detail has these words; "": about all of them.
type step struct {
	code      control.ProblemCode
	words, do string
}

// steps are in the order in which they are tried: the more exact ones first.
func steps() []step {
	const another = pressOrPair + ", for another code"
	return []step{
		{control.ProblemClockUnset, "", "let NTP (UDP port 123) through, or set the clock"},
		{control.ProblemStorage, "MiB free", "free space on the disk of the state directory"},
		{control.ProblemStorage, "read-only", "make the file system of the state directory writable; an SD card that is worn turns read-only"},
		{control.ProblemStorage, "bring the key back", "put the key back into the state directory, or press the button to pair again"},
		{control.ProblemStorage, "lets others write", "run `chmod go-w` on the path that is named, after a look at what is in it"},
		{control.ProblemStorage, "", "see to free space, owner and mode of the state directory; `paird doctor` says more"},
		{control.ProblemConfig, "invalid_client", "compare auth.client_id and auth.client_auth with the client at the server"},
		{control.ProblemConfig, "invalid_scope", "allow auth.scopes for this client at the server, or ask for fewer"},
		{control.ProblemConfig, "no metadata", "correct auth.issuer; the recipe of the server says how it looks"},
		{control.ProblemConfig, "", "run `paird doctor` and compare the client with its recipe"},
		{control.ProblemCaptivePortal, "", "sign in to the network, or use another one"},
		{control.ProblemNoNetwork, "", "check cable or Wi-Fi, the name server and the issuer's name"},
		{control.ProblemTLS, "set mqtt.ca_file", "set mqtt.ca_file to the authority that signed the broker's certificate"},
		{control.ProblemTLS, "unknown authority", "set auth.ca_file to the authority that signed the server's certificate"},
		{control.ProblemTLS, " is after ", "renew the server's certificate; where the first date is wrong, set the clock"},
		{control.ProblemTLS, " is before ", "set the clock (NTP); where the first date is right, the certificate counts from the second on"},
		{control.ProblemTLS, "is valid for", "use a name of the certificate in auth.issuer or mqtt.url, or let the certificate have this name"},
		{control.ProblemTLS, "", "check the clock, auth.ca_file, mqtt.ca_file and the server's certificate"},
		{control.ProblemServer, "connection refused", "see that the server runs, and the port in auth.issuer; paird tries again"},
		{control.ProblemServer, " 429 ", "wait, paird tries again; where it stays, ask the operator for a higher limit"},
		{control.ProblemServer, "", "wait, paird tries again; see the server's log"},
		{control.ProblemDenied, "", another},
		{control.ProblemExpired, "", another},
		{control.ProblemBrokerAuth, "", "check audience, scopes and what the broker lets this account do"},
		{control.ProblemBroker, "another client", "give each device a device.id or mqtt.client_id of its own; copies of one SD card share them"},
		{control.ProblemBroker, "", "check mqtt.url and the firewall (port 8883); records wait in the queue"},
		{control.ProblemPanel, "add the user to the group", "run `sudo usermod -aG GROUP paird` with the group that is named, and restart paird"},
		{control.ProblemPanel, "no device", "turn on I2C or SPI with raspi-config, restart the board, and check display.bus"},
		{control.ProblemPanel, "BUSY", "set display.board, or display.pins.power of a HAT that switches its power; check the ribbon and pins.busy"},
		{control.ProblemPanel, "held down", "let the button go; where it was not pressed, set button.active_low the other way"},
		{control.ProblemPanel, ": pin ", "check button.pin and led.pin, and that nothing else uses them"},
		{control.ProblemPanel, "", "check the wiring, I2C or SPI in raspi-config, display.panel and the pins"},
	}
}

// remedy is what a person can do about a problem.
func remedy(p control.Problem) string {
	for _, s := range steps() {
		if s.code == p.Code && strings.Contains(p.Detail, s.words) {
			return s.do
		}
	}
	return ""
}

func orNone(s, none string) string {
	if s == "" {
		return none
	}
	return s
}
