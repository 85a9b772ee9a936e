package main

import (
	"context"
	"fmt"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/pairlab/internal/broker"
	"github.com/paird/paird/cmd/pairlab/internal/page"
)

// followDevice shows what the device says of itself until ctx ends: at each of its events, and each second, because what
// ends a code is not always an event.
func (l *lab) followDevice(ctx context.Context) {
	client := control.NewClient(l.config.Control.Socket)
	changed := make(chan struct{}, 1)
	go func() {
		for ctx.Err() == nil {
			watch(ctx, client, changed)
			pause(ctx, time.Second)
		}
	}()
	for ctx.Err() == nil {
		if s, err := client.Status(ctx); err == nil {
			l.deviceIs(s)
		}
		select {
		case <-changed:
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// watch reports each event of the device until the stream ends.
func watch(ctx context.Context, client *control.Client, changed chan<- struct{}) {
	events, err := client.Events(ctx)
	if err != nil {
		return
	}
	for _, err := range events {
		if err != nil {
			return
		}
		select {
		case changed <- struct{}{}:
		default: // the last one was not looked at yet
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

func (l *lab) deviceIs(s control.Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.scene.device = s
	l.show()
}

// pairing follows the provider.
func (l *lab) pairing(e provider.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report(e.At, "provider", eventText(e))
	switch e.Kind {
	case provider.CodeIssued, provider.CodeReviewed, provider.Approved:
		l.scene.phone = e.Kind
		l.show()
	}
}

// admission follows the broker.
func (l *lab) admission(e broker.Event) {
	text := fmt.Sprintf("accepts %q of %s until %s", e.Username, e.Account, e.Expires.Format(time.TimeOnly))
	if e.Err != nil {
		text = fmt.Sprintf("refuses %q: %s", e.Username, e.Err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report(e.At, "broker", text)
}

// message follows what is published.
func (l *lab) message(m broker.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.journal.line(m.At, "mqtt", m.Topic+" "+printable(m.Payload))
	l.page.Message(m.At, m.Topic, m.Payload)
}

func (l *lab) report(at time.Time, who, text string) {
	l.journal.line(at, who, text)
	l.page.Note(at, who, text)
}

// show gives the scene to the page, which leaves out what it knows already.
func (l *lab) show() {
	l.page.Step(string(l.scene.step()), l.scene.text())
	p := l.scene.device.Pairing
	if p == nil {
		l.code = page.Code{}
		l.page.Code(nil)
		return
	}
	if l.code.Complete != p.VerificationURIComplete {
		expires := time.Now().Add(time.Duration(p.ExpiresIn) * time.Second)
		l.code = page.Code{URI: p.VerificationURI, Complete: p.VerificationURIComplete, Expires: expires}
	}
	l.page.Code(&l.code)
}
