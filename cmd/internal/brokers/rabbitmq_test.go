//go:build real

package brokers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/config"
)

// rabbitmq is Debian's, with the plugins for MQTT and OAuth 2.0: it checks the tokens itself.
type rabbitmq struct {
	*broker
	env     []string
	process *e2e.Process
}

// The configuration. The scopes of a token say what it may do, so there are no users.
const (
	rabbitConf = `listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:%d
mqtt.allow_anonymous = false
mqtt.vhost = /
mqtt.exchange = amq.topic
auth_backends.1 = rabbit_auth_backend_oauth2
`
	rabbitAdvanced = `[{rabbitmq_auth_backend_oauth2, [
  {resource_server_id, <<"rabbitmq">>},
  {key_config, [{default_key, <<"k1">>}, {signing_keys, #{<<"k1">> => {pem, <<"%s">>}}}]}
]}].
`
)

func startRabbitMQ(t *testing.T) *rabbitmq {
	t.Helper()
	dir, port, issuer := t.TempDir(), e2e.FreePort(t), newIssuer(t)
	everything := []string{"rabbitmq.read:*/*/*", "rabbitmq.write:*/*/*", "rabbitmq.configure:*/*/*"}
	r := &rabbitmq{broker: newBroker(issuer, port, "-u", "watcher", "-P", issuer.token(t, "watcher", time.Hour, everything...))}
	recipe := e2e.Must(config.Load("../../../config/recipes/rabbitmq.toml"))(t)
	r.scopes = func(device string) []string { return scopesOf(recipe.Auth.Scopes, device) }
	// the port mapper that Erlang would otherwise leave running behind the test
	mapper := e2e.FreePort(t)
	e2e.Start(t, nil, "epmd", "-address", "127.0.0.1", "-port", fmt.Sprint(mapper))
	r.env = []string{
		"HOME=" + dir,
		"ERL_EPMD_PORT=" + fmt.Sprint(mapper),
		fmt.Sprintf("RABBITMQ_NODENAME=paird%d@localhost", port),
		"RABBITMQ_DIST_PORT=" + fmt.Sprint(e2e.FreePort(t)),
		"RABBITMQ_CONF_ENV_FILE=" + e2e.Secret(t, "rabbitmq-env.conf", ""),
		"RABBITMQ_CONFIG_FILE=" + e2e.Secret(t, "rabbitmq.conf", fmt.Sprintf(rabbitConf, port)),
		"RABBITMQ_ADVANCED_CONFIG_FILE=" + e2e.Secret(t, "advanced.config", fmt.Sprintf(rabbitAdvanced, issuer.public(t))),
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + e2e.Secret(t, "enabled_plugins", "[rabbitmq_mqtt,rabbitmq_auth_backend_oauth2].\n"),
		"RABBITMQ_MNESIA_BASE=" + dir + "/mnesia",
		"RABBITMQ_LOG_BASE=" + dir + "/log",
		"RABBITMQ_LOGS=-",
		"RABBITMQ_PID_FILE=" + dir + "/pid",
	}
	r.start(t)
	return r
}

// scopesOf are those of the recipe with the claim filled in, which this version does not do by itself. The device limited may
// write to a part of its topics.
func scopesOf(recipe []string, device string) (scopes []string) {
	for _, scope := range recipe {
		scope = strings.ReplaceAll(scope, "{device_id}", device)
		switch {
		case device == "limited" && strings.HasPrefix(scope, "rabbitmq.write:*/amq.topic/"):
			for _, topic := range []string{"n", "status", "event", "telemetry", "about"} {
				scopes = append(scopes, strings.TrimSuffix(scope, "*")+topic)
			}
		case strings.HasPrefix(scope, "rabbitmq."):
			scopes = append(scopes, scope)
		}
	}
	return scopes
}

func (r *rabbitmq) start(t *testing.T) {
	t.Helper()
	r.process = e2e.Start(t, r.env, "/usr/lib/rabbitmq/bin/rabbitmq-server")
	r.process.AwaitText(t, "Server startup complete")
}

func TestRabbitMQ(t *testing.T) {
	t.Parallel()
	r := startRabbitMQ(t)
	t.Run("plain", func(t *testing.T) {
		t.Parallel()
		deliver(t, r.broker)
	})
	t.Run("rotation every 5 s for a minute", func(t *testing.T) {
		t.Parallel()
		rotate(t, r.broker, 5*time.Second, time.Minute)
	})
	t.Run("bad token", func(t *testing.T) {
		t.Parallel()
		refuses(t, r.broker)
	})
	t.Run("forbidden topic", func(t *testing.T) {
		t.Parallel()
		forbids(t, r.broker, 1)
	})
}

func TestRabbitMQRestart(t *testing.T) {
	t.Parallel()
	r := startRabbitMQ(t)
	outage(t, r.broker, r.url, 2*time.Second, func() { r.process.Stop(t) }, func() { r.start(t) })
}
