package daemon

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

func quietly() Options {
	return Options{Version: "test", Built: time.Now().Add(-time.Hour), Log: slog.New(slog.DiscardHandler)}
}

// TestSignIn pairs without a daemon; what comes after finds the grant, and no code.
func TestSignIn(t *testing.T) {
	t.Parallel()
	auth := providertest.New(t, nil)
	auth.Always(provider.Approve)
	cfg := configured(t, t.TempDir(), auth.URL, "[mqtt]\nurl = \"mqtt://127.0.0.1:1\"\n[display]\npanel = \"ssd1306\"\nrequired = true\n")
	err := SignIn(t.Context(), cfg, quietly(), func(ctx context.Context, a *agent.Agent) error {
		events := a.Events(ctx)
		if err := a.Pair(ctx); err != nil {
			return err
		}
		for e := range events {
			if strings.Contains(string(e), `"type":"paired"`) {
				return nil
			}
		}
		return ctx.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	err = Alone(t.Context(), cfg, quietly(), func(ctx context.Context, a *agent.Agent) error {
		if err := a.Loaded(ctx); err != nil {
			return err
		}
		if s := a.Status(); s.Grant == nil || s.Grant.Name != "Alice" || s.Pairing != nil || s.Broker != nil || s.Panel != nil {
			t.Errorf("%+v", s)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestAloneBesideDaemon leaves a daemon's directory alone.
func TestAloneBesideDaemon(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	err := Alone(t.Context(), configured(t, r.dir, r.auth.URL, ""), quietly(), func(context.Context, *agent.Agent) error {
		t.Error("two owners of one directory")
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "a running paird owns "+r.dir) {
		t.Error(err)
	}
}

// TestTakenOver makes a login's grant the daemon's.
func TestTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg := configured(t, dir, "https://auth.example.com", "")
	if err := os.MkdirAll(cfg.Device.StateDir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(LoginFile(cfg.Device.StateDir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := quietly()
	o.Ready = cancel
	if err := Run(ctx, cfg, o); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(LoginFile(cfg.Device.StateDir)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the mark is left: %v", err)
	}
}

// TestReset erases and revokes, and the daemon goes on as new.
func TestReset(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	r.pair()
	result, err := r.client.Reset(t.Context())
	if err != nil || !result.Erased || !result.Revoked {
		t.Errorf("%+v, %v", result, err)
	}
	if n := r.auth.Count(provider.Revoked); n != 1 {
		t.Errorf("%d grants were revoked", n)
	}
	r.settle()
	if s := r.status(); s.State != control.StateUnpaired || s.Grant != nil {
		t.Errorf("%+v", s)
	}
	r.auth.Wait()
	r.pair()
}
