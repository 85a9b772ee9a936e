package deviceauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
)

// discover asks each well-known location until one gives metadata with which the device flow can run.
func (c *Client) discover(ctx context.Context) (Metadata, error) {
	var worst *Error
	for _, from := range metadataURLs(c.cfg.Issuer) {
		m, err := c.discoverAt(ctx, from)
		if err == nil {
			return m, nil
		}
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Kind == NoNetwork || e.Kind == TLS {
			return Metadata{}, err
		}
		worst = worse(worst, e)
	}
	return Metadata{}, worst
}

// worse prefers what says most: a server in trouble before a wrong document, either before "not found".
func worse(a, b *Error) *Error {
	rank := func(e *Error) int {
		switch {
		case e.Kind != Misconfigured:
			return 2
		case e.Err != nil:
			return 1
		}
		return 0
	}
	if a == nil || rank(b) > rank(a) {
		return b
	}
	return a
}

var errNoDeviceFlow = errors.New("no device authorization endpoint")

func (c *Client) discoverAt(ctx context.Context, from string) (Metadata, error) {
	const op = "metadata"
	a, err := c.get(ctx, from)
	if err != nil {
		return Metadata{}, c.unanswered(ctx, op, err)
	}
	if a.status != http.StatusOK {
		if e := foreign(op, a); e.Kind == CaptivePortal || overloaded(a.status) {
			return Metadata{}, e
		}
		return Metadata{}, &Error{Kind: Misconfigured, Op: op,
			Detail: fmt.Sprintf("no metadata at %s (%s): check the issuer", place(c.cfg.Issuer), statusText(a.status))}
	}
	m, err := parseMetadata(a.body, c.cfg.Issuer)
	switch {
	case errors.Is(err, errNoAnswer):
		e := foreign(op, a)
		e.Detail += ", and check the issuer"
		return Metadata{}, e
	case err != nil:
		return Metadata{}, &Error{Kind: Misconfigured, Op: op, Detail: err.Error(), Err: err}
	case !m.with(c.cfg).complete():
		return Metadata{}, &Error{Kind: Misconfigured, Op: op, Err: errNoDeviceFlow,
			Detail: fmt.Sprintf("%s offers no device authorization: switch it on at the server", cmp.Or(place(c.cfg.Issuer), from))}
	}
	return m, nil
}
