package daemon

import (
	"context"
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/agent/store"
)

// TestNoStart: one line names what could not be opened, and leaves nothing behind.
func TestNoStart(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for name, c := range map[string]struct{ more, want string }{
		"secret": {"client_secret_file = \"$DIR/nowhere\"\n", "auth.client_secret_file: open "},
		"key":    {"client_auth = \"private_key_jwt\"\nclient_key_file = \"$DIR/nowhere\"\n", "auth.client_key_file: open "},
		"socket": {"", "control socket /proc/nowhere/sock: "},
		"panel":  {"[display]\npanel = \"ssd1306\"\nbus = \"I2C99\"\nrequired = true\n", "board: "},
		"sim":    {"[display]\npanel = \"sim\"\n[sim]\nlisten = \"" + taken.Addr().String() + "\"\n", "board: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cfg := configured(t, dir, "https://auth.example.com", strings.ReplaceAll(c.more, "$DIR", dir))
			if name == "socket" {
				cfg.Control.Socket = "/proc/nowhere/sock" // no user may make that folder
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			defer cancel()
			err := Run(ctx, cfg, Options{Log: slog.New(slog.DiscardHandler)})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v does not say %q in one line", err, c.want)
			}
			if _, err := os.Stat(cfg.Control.Socket); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the socket is left: %v", err)
			}
		})
	}
}

// TestPanelMissing goes on without a panel that is not required, and says so.
func TestPanelMissing(t *testing.T) {
	t.Parallel()
	r := start(t, "[display]\npanel = \"ssd1306\"\nbus = \"I2C99\"\n")
	s := r.status()
	if s.Panel == nil || s.Panel.OK || s.Panel.Error == "" || s.Problem == nil || s.Problem.Code != "panel" {
		t.Errorf("%+v", s)
	}
	r.pair()
	if s := r.status(); s.State != control.StatePaired || s.Problem == nil || s.Problem.Code != "panel" {
		t.Errorf("%+v", s)
	}
}

// TestCAFileMissing goes on without auth.ca_file, shows what is wrong, and pairs once the file is there.
func TestCAFileMissing(t *testing.T) {
	t.Parallel()
	r := start(t, "ca_file = \"$DIR/ca.pem\"\n")
	if err := r.client.Pair(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.await("problem")
	if s := r.status(); s.Problem == nil || s.Problem.Code != "config" || !strings.Contains(s.Problem.Detail, "auth.ca_file "+r.dir+"/ca.pem") {
		t.Errorf("%+v", s.Problem)
	}
	other := httptest.NewTLSServer(nil)
	defer other.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: other.Certificate().Raw})
	if err := os.WriteFile(r.dir+"/ca.pem", ca, 0o600); err != nil {
		t.Fatal(err)
	}
	r.pair()
	if s := r.status(); s.State != control.StatePaired || s.Problem != nil {
		t.Errorf("%+v", s)
	}
}

// TestStaleSocket replaces the socket of a daemon that died.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dir + "/stale", Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	cfg := configured(t, dir, "https://auth.example.com", "")
	cfg.Control.Socket = dir + "/stale"
	ctx, cancel := context.WithCancel(t.Context())
	if err := Run(ctx, cfg, Options{Ready: cancel, Log: slog.New(slog.DiscardHandler)}); err != nil {
		t.Error(err)
	}
}

// TestSecond refuses a second daemon by the socket at once, and by the state directory.
func TestSecond(t *testing.T) {
	t.Parallel()
	r := start(t, "")
	quiet := Options{Log: slog.New(slog.DiscardHandler)}
	same := configured(t, r.dir, r.auth.URL, "")
	if err := Run(t.Context(), same, quiet); !errors.Is(err, control.ErrInUse) {
		t.Errorf("the same again: %v", err)
	}
	other := same
	other.Control.Socket += "2"
	if err := Run(t.Context(), other, quiet); !errors.Is(err, store.ErrLocked) {
		t.Errorf("another socket: %v", err)
	}
	if s := r.status(); s.State != control.StateUnpaired {
		t.Errorf("the first one is %+v", s)
	}
}
