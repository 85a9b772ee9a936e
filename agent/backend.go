package agent

import (
	"context"
	"errors"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/queue"
	"github.com/paird/paird/agent/store"
)

var _ control.Backend = (*Agent)(nil)

// Status is GET /v1/status.
func (a *Agent) Status() control.Status {
	v, _ := a.view()
	return v.Status
}

// Token is GET /v1/token.
func (a *Agent) Token(ctx context.Context, name string, minTTL time.Duration, fresh bool) (control.Token, error) {
	k, err := a.running(ctx)
	if err != nil {
		return control.Token{}, err
	}
	t, err := k.localToken(ctx, want{name: name, minTTL: minTTL, fresh: fresh})
	if err != nil {
		return control.Token{}, explained(err)
	}
	out := control.Token{AccessToken: t.AccessToken, TokenType: t.TokenType, Scope: t.Scope}
	if !t.Expiry.IsZero() && a.o.Clock.Set() {
		out.ExpiresIn = seconds(time.Until(t.Expiry))
	}
	return out, nil
}

// running is the keeper, once it is known whether there is a grant. A disk that has not answered after five
// seconds is an error.
func (a *Agent) running(ctx context.Context) (*keeper, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	unknown := &control.Error{Code: control.Storage, Message: "the state directory cannot be read yet: paird status says why"}
	var k *keeper
	select {
	case k = <-a.keeper:
		a.keeper <- k
	case <-ctx.Done():
		return nil, unknown
	}
	select {
	case <-k.ready:
		return k, nil
	case <-ctx.Done():
		return nil, unknown
	}
}

// Loaded waits until it is known whether there is a grant.
func (a *Agent) Loaded(ctx context.Context) error {
	_, err := a.running(ctx)
	return err
}

// explained gives err the code of the contract.
func explained(err error) error {
	code := control.Unavailable
	switch {
	case errors.Is(err, errNotPaired):
		code = control.NotPaired
	case errors.Is(err, errUnknownAudience):
		code = control.BadRequest
	case errors.Is(err, queue.ErrTooLarge):
		code = control.TooLarge
	}
	_, queued := errors.AsType[*queue.StorageError](err)
	_, stored := errors.AsType[*store.StorageError](err)
	if queued || stored || errors.Is(err, errJournal) || errors.Is(err, errUnsaved) || errors.Is(err, errSealed) {
		code = control.Storage
	}
	return &control.Error{Code: code, Message: err.Error()}
}

// Pair is POST /v1/pair: what holding the button does.
func (a *Agent) Pair(context.Context) error {
	a.status.update(func(f *facts) { f.wiped = nil })
	a.requestPairing()
	return nil
}

// Reset is POST /v1/reset. It returns when done, or when ctx ends; what has begun goes on.
func (a *Agent) Reset(ctx context.Context) (control.ResetResult, error) {
	reply := make(chan control.ResetResult, 1)
	select {
	case a.resets <- reply:
	case <-a.ended:
		return control.ResetResult{}, explained(errStopping)
	case <-ctx.Done():
		return control.ResetResult{}, ctx.Err()
	}
	select {
	case r := <-reply:
		return r, nil
	case <-ctx.Done():
		return control.ResetResult{}, ctx.Err()
	}
}

// Publish is POST /v1/publish.
func (a *Agent) Publish(ctx context.Context, topic string, payload []byte) error {
	if err := a.o.Queue.PutContext(ctx, topic, payload); err != nil {
		return explained(err)
	}
	return nil
}

// Events is GET /v1/events.
func (a *Agent) Events(ctx context.Context) <-chan []byte { return a.events.subscribe(ctx) }

// Counts is the part of GET /v1/metrics that the status does not have.
func (a *Agent) Counts() map[control.EventType]uint64 { return a.events.counts() }

// Screen is GET /v1/screen.png: what the panel shows, or would.
func (a *Agent) Screen() ([]byte, error) {
	v, _ := a.view()
	return a.o.Frame(screen(v))
}
