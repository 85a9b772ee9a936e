package daemon

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"

	"github.com/paird/paird/agent"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
	"github.com/paird/paird/display"
)

// Outcome is what came of the boot partition's file.
type Outcome int

// The outcomes. With Asking the owner is asked on the panel: the device is paired.
const (
	Nothing Outcome = iota // there is none, or none that is new
	Taken
	Asking
	Left // Takeover.Err says why
)

// A Takeover is what came of the boot partition's file at a start.
type Takeover struct {
	Outcome Outcome
	Path    string
	Config  config.Config // with that file in its place
	Err     error         // a config.Problems, or about the file

	text     []byte
	stateDir string
}

// TakeOver looks for a new file on the boot partition. A device that is not paired takes it over at once, whole or not at all; keys
// that such a file may not set are left out. It changes nothing but the state directory, which no daemon may have open.
func (s Sources) TakeOver(o Options) Takeover {
	factory, local, err := s.files()
	if err != nil {
		return Takeover{} // Load says so
	}
	others, _ := config.Merge(join(factory, local)...) // Load says what is wrong
	_, lost := s.kept(others)
	card, err := s.card()
	if err := cmp.Or(err, lost); err != nil {
		return Takeover{Outcome: Left, Err: err}
	}
	if len(card) == 0 {
		return Takeover{}
	}
	t := Takeover{Path: card[0].Path, text: card[0].Text}
	t.Config, err = config.Merge(join(factory, card, local)...)
	t.Config = WithBoard(t.Config)
	t.stateDir = t.Config.Device.StateDir
	if t.known() {
		return Takeover{}
	}
	if t.Err = t.Config.Problems(err, Check(t.Config)); t.Err != nil {
		t.Outcome = Left
		return t
	}
	return t.decide(o)
}

// known reports whether the file was taken over before.
func (t Takeover) known() bool {
	kept, err := store.ReadFile(t.stateDir, keptFile)
	return err == nil && bytes.Equal(kept, t.text)
}

// declined reports whether the owner, asked before, did not want this file.
func (t Takeover) declined() bool {
	digest, err := store.ReadFile(t.stateDir, declinedFile)
	return err == nil && string(digest) == t.digest()
}

func (t Takeover) digest() string { return fmt.Sprintf("%x\n", sha256.Sum256(t.text)) }

func (t Takeover) decide(o Options) Takeover {
	paired, err := hasGrant(t.Config, o)
	switch {
	case errors.Is(err, store.ErrLocked):
		return Takeover{} // Run says that another daemon has it
	case err != nil:
		t.Outcome, t.Err = Left, fmt.Errorf("%s: not known whether this device is paired: %w", t.Path, err)
		return t
	case paired && t.declined():
		return Takeover{}
	case paired:
		t.Outcome = Asking
		return t
	}
	return t.Accept()
}

// hasGrant reports whether the device of cfg is paired, or is about to be. While a reset waits to be finished it is not.
func hasGrant(cfg config.Config, o Options) (bool, error) {
	if made, _ := filepath.Glob(filepath.Join(cfg.Device.StateDir, "tokens.*")); len(made) == 0 {
		return false, nil // and no store is made before the device has its id
	}
	s, err := store.Open(stored(cfg, Identify(cfg).ID, o))
	if err != nil {
		return false, err
	}
	defer s.Close()
	if marked, err := s.ResetMarked(); err != nil || marked {
		return false, err
	}
	state, err := s.Load()
	if err != nil || state.Grant != nil {
		return true, err
	}
	_, answered, err := s.Answer()
	return answered, err
}

// Accept makes the file's settings this device's, durably.
func (t Takeover) Accept() Takeover {
	t.Outcome = Taken
	if err := store.WriteFile(t.stateDir, keptFile, t.text); err != nil {
		t.Outcome, t.Err = Left, fmt.Errorf("%s: could not be kept: %w", t.Path, err)
	}
	return t
}

// decline notes that the owner does not want this file.
func (t Takeover) decline() error {
	return store.WriteFile(t.stateDir, declinedFile, []byte(t.digest()))
}

// Line is that of the first mistake, or of the first key that was left out; 0 without one.
func (t Takeover) Line() int {
	if all, ok := errors.AsType[config.Problems](t.Err); ok {
		return all[0].Line
	}
	if refused := t.Config.Refused(); len(refused) > 0 {
		return refused[0].Line
	}
	return 0
}

// Log says what was taken over and what was not.
func (t Takeover) Log(log *slog.Logger) {
	switch t.Outcome {
	case Nothing:
		return
	case Taken:
		log.Info("settings taken over from the boot partition", "path", t.Path, "keys", t.Config.From(config.Boot))
	case Asking:
		log.Info("new settings on the boot partition: this device is paired, so a press of the button has to confirm them", "path", t.Path)
	case Left:
		for _, err := range each(t.Err) {
			log.Error("settings of the boot partition are not taken over", "path", t.Path, "err", err)
		}
	}
	for _, refused := range t.Config.Refused() {
		log.Warn("settings of the boot partition", "path", t.Path, "err", refused)
	}
}

// settings are what the agent says of the boot partition's file on the panel, and asks.
func (d *device) settings() agent.Settings {
	t := d.o.Boot
	state := map[Outcome]display.SettingsState{Taken: display.Taken, Left: display.Left, Asking: display.Ask}[t.Outcome]
	if state == display.Ask && !d.canAsk() {
		d.o.Log.Warn("new settings on the boot partition need a panel and a button to be confirmed, or a reset of this device")
		return agent.Settings{}
	}
	return agent.Settings{
		Screen: display.Settings{State: state, Line: t.Line(), Server: server(t.Config)}, Answer: d.answerSettings,
	}
}

// canAsk reports whether a question can be seen and answered.
func (d *device) canAsk() bool {
	panel := d.cfg.Display.Panel
	return d.panel != nil && (d.cfg.Button.Pin != "" || panel == "sim" || panel == "terminal")
}

// server is the authorization server's name.
func server(cfg config.Config) string {
	u, err := url.Parse(cmp.Or(cfg.Auth.Issuer, cfg.Auth.DeviceAuthorizationEndpoint))
	if err != nil {
		return ""
	}
	return u.Host
}

// answerSettings does what the owner said.
func (d *device) answerSettings(r agent.Reply) error {
	t := d.o.Boot
	switch r {
	case agent.No:
		err := t.decline()
		d.o.Log.Info("the owner does not want the settings of the boot partition", "path", t.Path)
		return err
	case agent.Silence:
		d.o.Log.Info("the settings of the boot partition were not confirmed: the next start asks again", "path", t.Path)
		return nil
	}
	if t = t.Accept(); t.Err != nil {
		return t.Err
	}
	d.stop(ErrSettings)
	return nil
}

// each is the problems of err, or err alone.
func each(err error) (all []error) {
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		return []error{err}
	}
	for _, p := range problems {
		all = append(all, fmt.Errorf("%s: %w", p.File, p))
	}
	return all
}
