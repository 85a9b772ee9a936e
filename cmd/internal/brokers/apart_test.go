//go:build real

package brokers

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// person is an MQTT client of Debian's with a device's own login, in the hands of an attacker.
type person struct {
	t     *testing.T
	login []string
}

// as is a client with the login of a device, under a client id of its choice.
func as(t *testing.T, b *broker, device, clientID string) person {
	t.Helper()
	token := b.issuer.token(t, device, time.Hour, b.scopes(device)...)
	if err := b.admit(device, token); err != nil {
		t.Fatal(err)
	}
	return person{t, []string{"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-u", device, "-P", token, "-i", clientID, "-q", "1"}}
}

// under is the same login with another client id.
func (p person) under(clientID string) person {
	login := slices.Clone(p.login)
	login[slices.Index(login, "-i")+1] = clientID
	return person{p.t, login}
}

// publish sends, and reports nothing: a broker may refuse, close or acknowledge and drop.
func (p person) publish(topic, payload string) {
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Second)
	defer cancel()
	_ = exec.CommandContext(ctx, "mosquitto_pub", append(p.login, "-t", topic, "-m", payload)...).Run()
}

// listen subscribes and gives what comes, as lines "topic payload".
func (p person) listen(filters ...string) *e2e.Process {
	p.t.Helper()
	args := append([]string{"-v"}, p.login...)
	for _, f := range filters {
		args = append(args, "-t", f)
	}
	return e2e.Start(p.t, nil, "mosquitto_sub", args...)
}

// keepsApart checks that one device neither reads nor writes what is another's: its messages, commands and
// telemetry.
func keepsApart(t *testing.T, b *broker) {
	t.Helper()
	owner := person{t, append([]string{"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-i", "operator", "-q", "1"}, b.door...)}
	seen := person{t, append([]string{"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-i", "observer", "-q", "1"}, b.door...)}.listen("paird/victim/#", "paird/mallory/#")
	mallory := as(t, b, "mallory", "mallory")

	own := mallory.listen("paird/mallory/in/#", "paird/mallory/cmd")
	sender := mallory.under("mallory-sender") // one client id is one connection
	var foreign []*e2e.Process
	for i, filter := range []string{"paird/victim/in/#", "paird/victim/cmd", "paird/victim/telemetry", "paird/victim/#", "paird/+/in/job", "#"} {
		foreign = append(foreign, mallory.under(fmt.Sprint("mallory-", i)).listen(filter)) // a refusal of one must not end the others
	}
	e2e.Eventually(t, "the device gets its own messages, and the observer sees what is sent", func() bool {
		owner.publish("paird/mallory/in/hello", "to mallory")
		return own.Count("to mallory") > 0 && seen.Count("to mallory") > 0
	})

	for _, topic := range []string{"in/job", "cmd", "telemetry"} {
		owner.publish("paird/victim/"+topic, "secret of the victim")
		sender.publish("paird/victim/"+topic, "forged by mallory")
	}
	sender.publish("paird/mallory/telemetry", "mallory's own")
	seen.AwaitText(t, "mallory's own")
	owner.publish("paird/mallory/in/last", "the end")
	own.AwaitText(t, "the end")
	seen.AwaitText(t, "the end")
	if n := seen.Count("forged by mallory"); n > 0 {
		t.Errorf("%d messages were written in the victim's name", n)
	}
	if n := seen.Count("secret of the victim"); n != 3 {
		t.Errorf("the observer saw %d of 3 messages: this test sees too little", n)
	}
	for _, p := range append(foreign, own) {
		if n := p.Count("secret of the victim"); n > 0 {
			t.Errorf("%d messages of the victim were read by %q", n, p.Cmd.Args[len(p.Cmd.Args)-1])
		}
	}
}

func TestDevicesApart(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(t *testing.T) *broker{
		"mosquitto": func(t *testing.T) *broker { return startMosquitto(t).broker },
		"RabbitMQ":  func(t *testing.T) *broker { return startRabbitMQ(t).broker },
		"NATS":      startNATS,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keepsApart(t, start(t))
		})
	}
}
