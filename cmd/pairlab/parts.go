package main

import (
	"fmt"
	"time"

	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
	"github.com/paird/paird/cmd/pairlab/internal/page"
)

const (
	audience  = "mqtt"
	topicRoot = "paird"
	scope     = "telemetry"
	clientID  = "printer"
)

// scopes are what the device asks for; the last is what the broker wants.
var scopes = []string{"openid", "profile", "offline_access", scope}

func (l *lab) providerOptions(issuer, frame string) provider.Options {
	return provider.Options{
		Issuer:    issuer,
		Audiences: []string{audience},
		Clients: []provider.Client{{
			ID: clientID, Name: "Example Printers", Scopes: scopes,
		}},
		Users: []provider.User{
			{Subject: "user-1", Username: "alice", Password: "alice", Name: "Alice", Email: "alice@example.com"},
			{Subject: "user-2", Username: "bob", Password: "bob", Name: "Bob", Email: "bob@example.com"},
		},
		AccessLifetime: l.opt.lifetime,
		CodeLifetime:   5 * time.Minute,
		Interval:       time.Second, // nobody wants to wait in a demonstration
		Rotation:       provider.Rotation{Grace: 30 * time.Second},
		FrameAncestors: []string{frame},
		Observe:        l.pairing,
	}
}

// pairing follows the provider.
func (l *lab) pairing(e provider.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell(e.At, "provider", eventText(e))
	l.journey = l.journey.after(e)
	l.show(l.journey)
	pending := l.provider.Pending()
	if len(pending) == 0 {
		l.page.Code(nil)
		return
	}
	p := pending[len(pending)-1]
	l.page.Code(&page.Code{URI: p.VerificationURI, Complete: p.VerificationURIComplete, Expires: p.Expires})
}

// door follows who comes to the broker.
func (l *lab) door(e broker.Event) {
	text := fmt.Sprintf("lets in %q of %s until %s", e.Username, e.Account, e.Expires.Format(time.TimeOnly))
	if e.Err != nil {
		text = fmt.Sprintf("sends away %q: %s", e.Username, e.Err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell(e.At, "broker", text)
}

// message follows what is published.
func (l *lab) message(m broker.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.say.line(m.At, "mqtt", m.Topic+" "+printable(m.Payload))
	l.page.Message(m.At, m.Topic, m.Payload)
}

func (l *lab) tell(at time.Time, who, text string) {
	l.say.line(at, who, text)
	l.page.Note(at, who, text)
}

func (l *lab) show(j journey) { l.page.Step(string(j.step()), j.text()) }
