//go:build unix

package daemon

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
)

// card is a device whose configuration has a boot partition and factory values.
type card struct {
	*testing.T
	Sources
	dir, state, boot string
}

const owners = "[auth]\nissuer = \"https://owner.example\"\nclient_id = \"owner\"\n"

func newCard(t *testing.T) *card {
	t.Helper()
	dir := t.TempDir()
	c := &card{T: t, dir: dir, state: filepath.Join(dir, "state"), boot: filepath.Join(dir, "boot", "paird.toml")}
	c.Sources = Sources{
		Factory: filepath.Join(dir, "conf.d"), Boot: []string{filepath.Join(dir, "none", "paird.toml"), c.boot}, File: filepath.Join(dir, "paird.toml"),
	}
	c.write(c.File, "[device]\nid = \"dev1\"\nstate_dir = \""+c.state+"\"\n[control]\nsocket = \""+dir+"/sock\"\n")
	return c
}

func (c *card) write(path, text string) {
	c.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		c.Fatal(err)
	}
}

// start is what a start of the daemon makes of the card.
func (c *card) start(want Outcome) Takeover {
	c.Helper()
	t := c.TakeOver(Options{Log: slog.New(slog.DiscardHandler)})
	if t.Outcome != want {
		c.Fatalf("outcome %d, want %d: %v", t.Outcome, want, t.Err)
	}
	return t
}

// has checks the issuer in effect; "" where there is none.
func (c *card) has(issuer string) {
	c.Helper()
	if cfg, err := c.Load(); cfg.Auth.Issuer != issuer || err != nil && issuer != "" {
		c.Errorf("issuer %q, want %q: %v", cfg.Auth.Issuer, issuer, err)
	}
}

// paired gives the device a grant.
func (c *card) paired() {
	c.Helper()
	cfg, err := c.Load()
	if err != nil {
		c.Fatal(err)
	}
	s, err := store.Open(stored(cfg, "dev1", Options{Log: slog.New(slog.DiscardHandler)}))
	if err != nil {
		c.Fatal(err)
	}
	_, err = s.Save(store.Grant{RefreshToken: "r", Binding: store.Binding{ClientID: "owner", TokenEndpoint: "https://owner.example/token"}})
	if err := errors.Join(err, s.Close()); err != nil {
		c.Fatal(err)
	}
}

// A device that is not paired takes the card's file over: once, durably, for itself alone, and until another is there.
func TestTakeOver(t *testing.T) {
	c := newCard(t)
	c.start(Nothing)
	c.has("")
	c.write(c.boot, owners)
	c.start(Taken)
	c.has("https://owner.example")
	info, err := os.Stat(filepath.Join(c.state, "boot.toml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	c.start(Nothing)
	if err := os.Remove(c.boot); err != nil {
		t.Fatal(err)
	}
	c.start(Nothing)
	c.has("https://owner.example")
	c.write(c.boot, "\ufeff"+strings.ReplaceAll(strings.ReplaceAll(owners, "owner.", "other."), "\n", "\r\n"))
	c.start(Taken)
	c.has("https://other.example")
}

// Built in, factory, boot, the administrator's.
func TestSourcesInOrder(t *testing.T) {
	c := newCard(t)
	c.write(c.Factory+"/20-later.toml", "[mqtt]\ntopic = \"factory\"\n[led]\npin = \"GPIO6\"\n")
	c.write(c.Factory+"/10-first.toml", "[mqtt]\ntopic = \"first\"\n[auth]\nclient_id = \"factory\"\nissuer = \"https://factory.example\"\n")
	c.write(c.Factory+"/README", "no configuration")
	c.write(c.boot, owners)
	c.start(Taken)
	cfg, err := c.Load()
	if err != nil || cfg.Auth.ClientID != "owner" || cfg.MQTT.Topic != "factory" || cfg.LED.Pin != "GPIO6" || cfg.Device.ID != "dev1" {
		t.Errorf("%v %+v %+v", err, cfg.Auth, cfg.MQTT)
	}
	c.Optional = true
	if err := os.Remove(c.File); err != nil {
		t.Fatal(err)
	}
	if cfg, err := c.Load(); err != nil || cfg.Auth.ClientID != "factory" {
		t.Errorf("without the administrator's: %v %q", err, cfg.Auth.ClientID)
	}
	c.Factory, c.Boot = "", nil
	if _, err := c.Load(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without any file: %v", err)
	}
}

// What may not be set from there is left out, and all else is taken.
func TestTakeOverLeavesOut(t *testing.T) {
	c := newCard(t)
	c.write(c.boot, owners+"[hooks]\non_event = [\"/bin/sh\"]\n[control]\nreset = [\"*\"]\n[png]\nfile = \"/etc/passwd\"\n")
	over := c.start(Taken)
	var log output
	over.Log(slog.New(slog.NewTextHandler(&log, nil)))
	for _, want := range []string{"hooks.on_event: may not be set from the boot partition, and is left out (line 5)", "control.reset", "png.file", "auth.issuer auth.client_id"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &log)
		}
	}
	if over.Line() != 5 {
		t.Errorf("line %d", over.Line())
	}
	cfg, err := c.Load()
	if err != nil || len(cfg.Hooks.OnEvent)+len(cfg.Control.Reset) > 0 || cfg.PNG.File != "" {
		t.Errorf("%v %+v %+v", err, cfg.Hooks, cfg.Control)
	}
}

// Of a file with a mistake nothing is taken and nothing that was there is lost.
func TestTakeOverRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		put  func(c *card)
		line int
		want string
	}{
		"unknown key":  {func(c *card) { c.write(c.boot, owners+"isuer = 1\n") }, 4, "auth.isuer: is not a key"},
		"wrong value":  {func(c *card) { c.write(c.boot, owners+"scopes = 1\n") }, 4, "auth.scopes: must be a list"},
		"wrong server": {func(c *card) { c.write(c.boot, "[auth]\nissuer = \"http://auth.example\"\nclient_id = \"x\"\n") }, 2, "auth.issuer"},
		"no TOML":      {func(c *card) { c.write(c.boot, "[auth]\nissuer = “https://auth.example”\n") }, 2, "typographic quotes"},
		"binary":       {func(c *card) { c.write(c.boot, "\x7fELF\x00") }, 1, "this is no TOML"},
		"large": {func(c *card) {
			c.write(c.boot, "")
			if err := os.Truncate(c.boot, 1<<30); err != nil {
				c.Fatal(err)
			}
		}, 0, "larger than 64 KiB"},
		"link": {func(c *card) {
			if err := os.Symlink("/etc/shadow", c.boot); err != nil {
				c.Fatal(err)
			}
		}, 0, "is no plain file"},
		"folder": {func(c *card) { c.write(c.boot+"/x", "") }, 0, "is no plain file"},
		"pipe": {func(c *card) {
			if err := syscall.Mkfifo(c.boot, 0o644); err != nil {
				c.Fatal(err)
			}
		}, 0, "is no plain file"},
		"others write": {func(c *card) {
			c.write(c.boot, owners)
			if err := os.Chmod(c.boot, 0o666); err != nil {
				c.Fatal(err)
			}
		}, 0, "lets others write"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCard(t)
			c.write(c.boot, owners)
			c.start(Taken)
			if err := os.Remove(c.boot); err != nil {
				t.Fatal(err)
			}
			test.put(c)
			over := c.start(Left)
			if !strings.Contains(over.Err.Error(), test.want) || over.Line() != test.line {
				t.Errorf("line %d: %v", over.Line(), over.Err)
			}
			c.has("https://owner.example")
		})
	}
}

// A paired device waits for the owner's word.
func TestTakeOverWhilePaired(t *testing.T) {
	c := newCard(t)
	c.write(c.boot, owners)
	c.start(Taken)
	c.paired()
	c.start(Nothing)
	c.write(c.boot, strings.ReplaceAll(owners, "owner.", "thief."))
	over := c.start(Asking)
	c.has("https://owner.example")
	if err := over.decline(); err != nil {
		t.Fatal(err)
	}
	c.start(Nothing)
	c.has("https://owner.example")
	c.write(c.boot, strings.ReplaceAll(owners, "owner.", "new."))
	if over = c.start(Asking).Accept(); over.Err != nil {
		t.Fatal(over.Err)
	}
	c.start(Nothing)
	c.has("https://new.example")
}

// The answer to a pairing that is not finished counts as paired, a reset that is not as unpaired.
func TestTakeOverInBetween(t *testing.T) {
	c := newCard(t)
	c.write(c.File, "[device]\nid = \"dev1\"\nstate_dir = \""+c.state+"\"\n[auth]\nclient_id = \"x\"\n")
	c.write(c.Factory+"/1.toml", "[auth]\nissuer = \"https://factory.example\"\n")
	cfg, err := c.Load()
	if err != nil {
		t.Fatal(err)
	}
	with := func(fn func(*store.Store) error) {
		t.Helper()
		s, err := store.Open(stored(cfg, "dev1", Options{Log: slog.New(slog.DiscardHandler)}))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(fn(s), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	with(func(s *store.Store) error { return s.SaveAnswer(store.Grant{RefreshToken: "r"}) })
	c.write(c.boot, owners)
	c.start(Asking)
	with(func(s *store.Store) error {
		c.start(Nothing) // another daemon has the store
		return s.MarkReset()
	})
	c.start(Taken)
}

// A factory reset erases what came from the card.
func TestResetErasesSettings(t *testing.T) {
	c := newCard(t)
	c.write(c.boot, owners)
	over := c.start(Taken)
	if err := over.decline(); err != nil {
		t.Fatal(err)
	}
	cfg, err := c.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(stored(cfg, "dev1", Options{Log: slog.New(slog.DiscardHandler)}))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Erase(), s.Close()); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(c.state)
	if err != nil || slices.ContainsFunc(left, func(e os.DirEntry) bool { return strings.HasPrefix(e.Name(), "boot") }) {
		t.Errorf("%v %v", left, err)
	}
	c.has("")
}

// config check sees the card's file as the next start will find it.
func TestAhead(t *testing.T) {
	c := newCard(t)
	if _, err := c.Ahead(); err == nil {
		t.Error("without a card there is no issuer")
	}
	c.write(c.boot, owners)
	cfg, err := c.Ahead()
	if err != nil || cfg.Auth.Issuer != "https://owner.example" || len(cfg.From(config.Boot)) != 2 {
		t.Errorf("%v %+v", err, cfg.Auth)
	}
	c.has("")
	if err := errors.Join(os.Remove(c.boot), os.Symlink("/dev/zero", c.boot)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Ahead(); err == nil || !strings.Contains(err.Error(), "is no plain file") {
		t.Error(err)
	}
}

// What was taken over and cannot be read is said, and is no reason to stop where the configuration is whole without it.
func TestKeptSettingsLost(t *testing.T) {
	c := newCard(t)
	c.write(c.boot, owners)
	c.start(Taken)
	kept := filepath.Join(c.state, "boot.toml")
	if err := os.Chmod(kept, 0o666); err != nil {
		t.Fatal(err)
	}
	if over := c.start(Left); !strings.Contains(over.Err.Error(), "lets others write") {
		t.Error(over.Err)
	}
	if _, err := c.Load(); err == nil || !strings.Contains(err.Error(), "lets others write") || !strings.Contains(err.Error(), "auth.issuer: is missing") {
		t.Errorf("without issuer: %v", err)
	}
	c.write(c.Factory+"/1.toml", strings.ReplaceAll(owners, "owner.", "factory."))
	c.has("https://factory.example")
}
