package daemon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paird/paird/agent/deviceauth"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
)

// stored is where the grant of cfg is kept, and what seals it.
func stored(cfg config.Config, id string, o Options) store.Options {
	return store.Options{
		Dir: cfg.Device.StateDir, KeySource: cfg.Secrets.Key, CredentialsDir: os.Getenv("CREDENTIALS_DIRECTORY"),
		Device: id, Ours: isBootFile, Probe: probe(o), Log: o.Log,
	}
}

// probe opens a database in a process that the file may crash.
func probe(o Options) func(context.Context, string) error {
	if len(o.Probe) == 0 {
		return nil
	}
	return store.Child(o.Probe[0], o.Probe[1:]...)
}

// Inspect states what there is of the store of cfg, and what protects its tokens. It asks no daemon and changes nothing.
func Inspect(cfg config.Config, o Options) (store.Inspection, error) {
	return store.Inspect(stored(cfg, Identify(cfg).ID, o))
}

// ErrNoKey: there is no store yet, and so no key that tokens are bound to.
var ErrNoKey = errors.New("the key is made when this device pairs")

// Thumbprint is that of the key which DPoP binds the tokens of cfg to (RFC 9449 section 6), "" where none is
// bound. It needs the state directory to itself: store.ErrLocked while a daemon has it.
func Thumbprint(cfg config.Config, o Options) (string, error) {
	if _, err := os.Stat(filepath.Join(cfg.Device.StateDir, "tokens.db")); errors.Is(err, fs.ErrNotExist) {
		return "", ErrNoKey
	} else if err != nil {
		return "", err
	}
	who := Identify(cfg)
	s, err := store.Open(stored(cfg, who.ID, o))
	if err != nil {
		return "", err
	}
	defer s.Close()
	if _, err := s.Key(); err != nil {
		return "", err
	}
	auth, err := Authorization(cfg, who, o.Version, s.Key, o.Log)
	if err != nil {
		return "", err
	}
	client, err := deviceauth.New(auth)
	if err != nil {
		return "", err
	}
	return client.Thumbprint(), nil
}
