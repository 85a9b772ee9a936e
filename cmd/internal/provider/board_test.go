package provider

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/paird/paird/agent/deviceauth"
)

// board is paird's own client at the lab, whose clock runs.
func board(t *testing.T, change func(*Options)) (*lab, *deviceauth.Client, context.Context) {
	t.Helper()
	l := newLab(t, func(o *Options) {
		o.Now, o.Interval, o.Rotation.Grace = time.Now, time.Second, time.Minute
		if change != nil {
			change(o)
		}
	})
	c, err := deviceauth.New(deviceauth.Config{
		Issuer: l.url, ClientID: "printer", Scopes: allScopes,
		Params: map[string]string{"device_name": "Kitchen printer", "device_id": "dev1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return l, c, ctx
}

func TestDevicePairs(t *testing.T) {
	t.Parallel()
	l, c, ctx := board(t, nil)
	p, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	alice := l.person().open(p.VerificationURIComplete).submit("/signin", "username", "alice", "password", "wonder")
	alice.wants(200, "/consent", "Kitchen printer")
	alice.decide("approve")
	tok, err := c.Wait(ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	if tok, err = c.Verify(ctx, tok); err != nil {
		t.Fatal(err)
	}
	if tok.Subject != "u1" || tok.Name != "Alice" || tok.RefreshToken == "" || tok.Issuer != l.url {
		t.Errorf("token of %q %q from %q", tok.Subject, tok.Name, tok.Issuer)
	}
	fresh, err := c.Refresh(ctx, tok)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.Refresh(ctx, tok) // as after a lost answer
	if err != nil || again.RefreshToken == fresh.RefreshToken || again.Subject != "u1" {
		t.Errorf("within the grace: %v", err)
	}
	if err := c.Revoke(ctx, again); err != nil {
		t.Error(err)
	}
	var e *deviceauth.Error
	if _, err := c.Refresh(ctx, again); !errors.As(err, &e) || e.Kind != deviceauth.Gone {
		t.Errorf("after revocation: %v", err)
	}
	want := []Kind{CodeIssued, SignedIn, CodeReviewed, Approved, Tokens, Refreshed, Refreshed, Revoked}
	if l.mu.Lock(); !slices.Equal(l.events, want) {
		t.Errorf("events %v, want %v", l.events, want)
	}
	l.mu.Unlock()
}

func TestDeviceIsDenied(t *testing.T) {
	t.Parallel()
	l, c, ctx := board(t, nil)
	p, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	l.person().signIn("bob", "builder").enter(p.UserCode).decide("deny")
	var e *deviceauth.Error
	if _, err := c.Wait(ctx, p); !errors.As(err, &e) || e.Kind != deviceauth.Denied {
		t.Errorf("denied: %v", err)
	}
}

func TestDeviceIsTooLate(t *testing.T) {
	t.Parallel()
	_, c, ctx := board(t, func(o *Options) { o.CodeLifetime = 2 * time.Second })
	p, err := c.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var e *deviceauth.Error
	if _, err := c.Wait(ctx, p); !errors.As(err, &e) || e.Kind != deviceauth.Expired {
		t.Errorf("run out: %v", err)
	}
}
