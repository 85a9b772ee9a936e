package deviceauth

import (
	"context"
	"errors"
	"strings"
	"time"
)

// accept turns the answer that ends a session into a Token. What it refuses is given back to the server, as far
// as that can be done, because nobody will store it.
func (w *waiter) accept(ctx context.Context, m Metadata, r reply) (Token, error) {
	const op = "token"
	t, notes, err := parseToken(r.fields, w.scope(), r.arrived)
	if err != nil {
		return Token{}, &Error{Kind: Server, Op: op, Err: err, Detail: r.from.Host + " gave a token that cannot be used: " + err.Error()}
	}
	w.note(op, notes)
	t.Issuer, t.ClientID, t.TokenEndpoint = w.cfg.Issuer, w.cfg.ClientID, w.p.TokenEndpoint
	if missing := missingScopes(w.scope(), t.Scope); len(missing) > 0 {
		w.cfg.Log.Warn("less was granted than asked for", "missing", strings.Join(missing, " "))
	}
	if e := w.bindingRefused(op, t); e != nil {
		return Token{}, w.giveBack(ctx, t, e)
	}
	who, err := w.identifyPatiently(ctx, m, t.IDToken)
	t.IDToken = ""
	switch {
	case errors.Is(err, errUnchecked):
		w.cfg.Log.Warn("ID token ignored", "error", err)
	case err != nil:
		return Token{}, w.giveBack(ctx, t, &Error{Kind: Server, Op: op, Err: err, Detail: "ID token refused: " + err.Error()})
	}
	return who.onto(t), nil
}

// bindingRefused refuses a bearer token where the configuration wants a bound one.
func (c *Client) bindingRefused(op string, t Token) *Error {
	if c.cfg.DPoP != "on" || t.TokenType == "DPoP" {
		return nil
	}
	return &Error{Kind: Misconfigured, Op: op, Detail: "the server does not bind tokens to keys: switch DPoP on there, or off here"}
}

const giveBackLimit = 5 * time.Second

// giveBack revokes a grant that is not kept, if the server lets it, and returns why.
func (c *Client) giveBack(ctx context.Context, t Token, why *Error) error {
	ctx, cancel := context.WithTimeout(ctx, giveBackLimit)
	defer cancel()
	if err := c.Revoke(ctx, t); err != nil {
		c.cfg.Log.Warn("grant not given back", "error", err)
	}
	return why
}
