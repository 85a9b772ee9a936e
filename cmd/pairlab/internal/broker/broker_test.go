package broker

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	issuer    = "http://127.0.0.1:1"
	audience  = "mqtt"
	waitLimit = 20 * time.Second // for what takes milliseconds on a machine at rest
)

var keys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var k [2]*rsa.PrivateKey
	for i := range k {
		var err error
		if k[i], err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			panic(err)
		}
	}
	return k
})

// mint signs an access token for alice on dev1, after change has spoiled it.
func mint(t *testing.T, change func(*claims, *jose.SignerOptions, **rsa.PrivateKey)) string {
	t.Helper()
	c := claims{Name: "Alice", DeviceID: "dev1", Scope: "openid telemetry"}
	c.Issuer, c.Subject, c.Audience = issuer, "u1", jwt.Audience{audience}
	c.Expiry = jwt.NewNumericDate(time.Now().Add(time.Hour))
	opts, key := (&jose.SignerOptions{}).WithType("at+jwt"), keys()[0]
	if change != nil {
		change(&c, opts, &key)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.Signed(signer).Claims(c).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// bench is a broker with its messages and events.
type bench struct {
	*testing.T
	b        *Broker
	will     string // topic
	messages chan Message
	events   chan Event
}

func newBench(t *testing.T) *bench {
	t.Helper()
	x := &bench{T: t, will: "paird/dev1/status", messages: make(chan Message, 100), events: make(chan Event, 100)}
	public := jose.JSONWebKey{Key: keys()[0].Public(), KeyID: "k", Algorithm: "RS256"}
	b, err := Start(Options{
		Issuer: issuer, Audience: audience, Scope: "telemetry", Root: "paird",
		Keys:    jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}},
		Message: func(m Message) { x.messages <- m },
		Observe: func(e Event) { x.events <- e },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	x.b = b
	return x
}

// connect returns the client and the CONNACK code. lost is closed with the connection.
func (x *bench) connect(id, password string) (client mqtt.Client, code byte, lost chan struct{}) {
	x.Helper()
	lost = make(chan struct{})
	o := mqtt.NewClientOptions().AddBroker(strings.Replace(x.b.URL(), "mqtt", "tcp", 1)).SetClientID(id).
		SetUsername("dev1").SetPassword(password).SetProtocolVersion(4).SetAutoReconnect(false).
		SetWill(x.will, "offline", 1, true).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(lost) })
	client = mqtt.NewClient(o)
	token := client.Connect().(*mqtt.ConnectToken)
	if !token.WaitTimeout(waitLimit) {
		x.Fatal("no CONNACK")
	}
	x.Cleanup(func() { client.Disconnect(0) })
	return client, token.ReturnCode(), lost
}

func (x *bench) done(token mqtt.Token) {
	x.Helper()
	if !token.WaitTimeout(waitLimit) || token.Error() != nil {
		x.Fatalf("not acknowledged: %v", token.Error())
	}
}

func (x *bench) next() Message {
	x.Helper()
	select {
	case m := <-x.messages:
		return m
	case <-time.After(waitLimit):
		x.Fatal("no message")
	}
	return Message{}
}

func TestOwnTopicsOnly(t *testing.T) {
	x := newBench(t)
	c, code, _ := x.connect("dev1", mint(t, nil))
	if code != 0 {
		t.Fatalf("CONNACK %d", code)
	}
	if e := <-x.events; e.Err != nil || e.Account != "Alice" || e.Username != "dev1" || time.Until(e.Expires) < 50*time.Minute {
		t.Errorf("event %+v", e)
	}
	got := make(chan string, 10)
	x.done(c.Subscribe("paird/dev1/cmd", 1, func(_ mqtt.Client, m mqtt.Message) { got <- string(m.Payload()) }))

	for _, topic := range []string{"paird/dev1/telemetry", "paird/u1/x.y//z", "paird/dev1"} {
		x.done(c.Publish(topic, 1, false, "to "+topic))
		if m := x.next(); m.Topic != topic || string(m.Payload) != "to "+topic {
			t.Errorf("got %s %q, want %s", m.Topic, m.Payload, topic)
		}
	}
	x.done(c.Publish("paird/dev1/cmd", 1, false, "identify"))
	select {
	case s := <-got:
		if s != "identify" {
			t.Errorf("command %q", s)
		}
	case <-time.After(waitLimit):
		t.Error("no command")
	}
}

// A message to a topic of others closes the connection at QoS 1 and is dropped at QoS 0; a subscription is refused.
func TestTopicsOfOthers(t *testing.T) {
	x := newBench(t)
	for _, topic := range []string{"paird/dev2/telemetry", "paird", "paird/dev1x/telemetry", "other/dev1"} {
		c, code, lost := x.connect("dev1", mint(t, nil))
		if code != 0 {
			t.Fatalf("CONNACK %d", code)
		}
		for _, filter := range []string{topic, "paird/+/telemetry", "#", "+/dev1/cmd"} {
			sub := c.Subscribe(filter, 1, nil).(*mqtt.SubscribeToken)
			if !sub.WaitTimeout(waitLimit) || sub.Result()[filter] != 0x80 {
				t.Errorf("SUBSCRIBE %s: %v", filter, sub.Result())
			}
		}
		x.done(c.Publish(topic, 0, false, "dropped"))
		c.Publish(topic, 1, false, "closes")
		select {
		case <-lost:
		case <-time.After(waitLimit):
			t.Errorf("PUBLISH %s: still connected", topic)
		}
		if m := x.next(); m.Topic != "paird/dev1/status" || string(m.Payload) != "offline" {
			t.Errorf("PUBLISH %s: %s %q, want the will only", topic, m.Topic, m.Payload)
		}
	}
}

// The broker publishes a will without asking about its topic, so a foreign one is refused at CONNECT.
func TestWillOnTopicOfOthers(t *testing.T) {
	x := newBench(t)
	x.will = "paird/dev2/status"
	if _, code, _ := x.connect("dev1", mint(t, nil)); code == 0 {
		t.Error("accepted")
	}
	if e := <-x.events; e.Err == nil {
		t.Error("not reported")
	}
}

// RFC 9068 section 4: what a resource server checks before it accepts a token.
func TestBadTokens(t *testing.T) {
	x := newBench(t)
	for name, token := range map[string]string{
		"no token":         "",
		"words":            "let me in",
		"another key":      mint(t, func(_ *claims, _ *jose.SignerOptions, k **rsa.PrivateKey) { *k = keys()[1] }),
		"an ID token":      mint(t, func(_ *claims, o *jose.SignerOptions, _ **rsa.PrivateKey) { o.WithType("JWT") }),
		"another audience": mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) { c.Audience = jwt.Audience{"api"} }),
		"another issuer":   mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) { c.Issuer = "http://127.0.0.1:2" }),
		"expired":          mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) { c.Expiry = jwt.NewNumericDate(time.Now()) }),
		"no expiry":        mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) { c.Expiry = nil }),
		"no scope":         mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) { c.Scope = "openid telemetryx" }),
		"wildcards":        mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) { c.Subject, c.DeviceID = ">", "*" }),
	} {
		if _, code, _ := x.connect("dev1", token); code != 4 && code != 5 {
			t.Errorf("%s: CONNACK %d, want 4 or 5", name, code)
		}
		e := <-x.events
		if e.Err == nil || (token != "" && strings.Contains(e.Err.Error(), token)) {
			t.Errorf("%s: event %v", name, e.Err)
		}
	}
}

// A session ends with its token, and its will is published.
func TestClosesAtExpiry(t *testing.T) {
	x := newBench(t)
	exp := time.Now().Add(2 * time.Second).Truncate(time.Second)
	_, code, lost := x.connect("dev1", mint(t, func(c *claims, _ *jose.SignerOptions, _ **rsa.PrivateKey) {
		c.Expiry = jwt.NewNumericDate(exp)
	}))
	if code != 0 {
		t.Fatalf("CONNACK %d", code)
	}
	select {
	case <-lost:
		if time.Now().Before(exp) {
			t.Errorf("closed %s early", time.Until(exp))
		}
	case <-time.After(waitLimit):
		t.Fatal("still open")
	}
	if m := x.next(); m.Topic != "paird/dev1/status" || string(m.Payload) != "offline" {
		t.Errorf("will: %s %q", m.Topic, m.Payload)
	}
}
