package broker

import (
	"slices"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

// admission is the broker's hook: it accepts and refuses clients, limits their topics, and reports messages.
type admission struct {
	mqtt.HookBase
	opt Options

	mu       sync.Mutex
	sessions map[*mqtt.Client]session
}

// session is a client that was accepted.
type session struct {
	topics []string    // it may use these and all below
	end    *time.Timer // at the expiry of its token
}

func newAdmission(o Options) *admission {
	return &admission{opt: o, sessions: map[*mqtt.Client]session{}}
}

// ID implements mqtt.Hook.
func (a *admission) ID() string { return "admission" }

// Provides implements mqtt.Hook: it names the methods below.
func (a *admission) Provides(b byte) bool {
	return slices.Contains([]byte{mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnDisconnect, mqtt.OnPublished, mqtt.OnWillSent}, b)
}

// OnConnectAuthenticate accepts a good token as password. The will's topic is checked here, because the broker does not
// ask about it again when it publishes the will.
func (a *admission) OnConnectAuthenticate(c *mqtt.Client, pk packets.Packet) bool {
	now, username := time.Now(), string(pk.Connect.Username)
	who, err := a.opt.verify(string(pk.Connect.Password), now)
	topics := ownTopics(a.opt.Root, who.Subject, who.DeviceID)
	if err == nil && pk.Connect.WillFlag && !allowed(topics, pk.Connect.WillTopic) {
		err = errWill
	}
	if err != nil {
		a.opt.Observe(Event{At: now, Username: username, Err: err})
		return false
	}
	a.admit(c, topics, who.Expiry.Time().Sub(now))
	a.opt.Observe(Event{At: now, Username: username, Account: who.Name, Expires: who.Expiry.Time()})
	return true
}

// admit keeps the session until the token expires. Closing the connection alone makes the broker publish the will.
func (a *admission) admit(c *mqtt.Client, topics []string, lifetime time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sessions[c] = session{topics, time.AfterFunc(lifetime, func() { _ = c.Net.Conn.Close() })}
}

// OnDisconnect implements mqtt.Hook.
func (a *admission) OnDisconnect(c *mqtt.Client, _ error, _ bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s, ok := a.sessions[c]; ok {
		s.end.Stop()
		delete(a.sessions, c)
	}
}

// OnACLCheck implements mqtt.Hook, for topics of messages and for filters of subscriptions.
func (a *admission) OnACLCheck(c *mqtt.Client, topic string, _ bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return allowed(a.sessions[c].topics, topic)
}

// OnPublished implements mqtt.Hook.
func (a *admission) OnPublished(_ *mqtt.Client, pk packets.Packet) { a.report(pk) }

// OnWillSent implements mqtt.Hook.
func (a *admission) OnWillSent(_ *mqtt.Client, pk packets.Packet) { a.report(pk) }

func (a *admission) report(pk packets.Packet) {
	a.opt.Message(Message{At: time.Now(), Topic: pk.TopicName, Payload: slices.Clone(pk.Payload)})
}

// ownTopics are root/{name} for each name that can be one level of a topic.
func ownTopics(root string, names ...string) []string {
	var topics []string
	for _, name := range names {
		if oneLevel(name) {
			topics = append(topics, root+"/"+name)
		}
	}
	return topics
}

// allowed reports whether topic is one of own or below. A filter passes where all that it matches does: own has no
// wildcards.
func allowed(own []string, topic string) bool {
	return slices.ContainsFunc(own, func(t string) bool { return topic == t || strings.HasPrefix(topic, t+"/") })
}

// oneLevel reports whether name can be one level of a topic, and no wildcard.
func oneLevel(name string) bool {
	outside := func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		return !letter && r != '-' && r != '_'
	}
	return name != "" && len(name) <= 64 && !strings.ContainsFunc(name, outside)
}
