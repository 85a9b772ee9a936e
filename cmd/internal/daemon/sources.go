package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/config"
)

// Sources are the files that a configuration is made of. Each wins over those before it, key by key.
type Sources struct {
	Factory  string   // the folder of the product's *.toml, in the order of their names
	Boot     []string // where the owner's file may be on the boot partition: the first that is there counts
	File     string   // the administrator's
	Optional bool     // File may be missing where there is one of the others
}

const (
	keptFile     = "boot.toml"     // in the state directory: the boot partition's file as it was taken over
	declinedFile = "boot.declined" // likewise: the digest of one that the owner did not want
)

// isBootFile reports whether a file of the state directory came from the boot partition: a reset erases it.
func isBootFile(name string) bool {
	switch name {
	case keptFile, keptFile + ".new", declinedFile, declinedFile + ".new":
		return true
	}
	return false
}

// Load reads the configuration, with the boot partition's file as it was taken over. The error is a config.Problems, or about a
// file. What was taken over and cannot be read is an error only where the configuration has faults without it: fs.ErrPermission where
// this user may not. The Config then has what the other files say.
func (s Sources) Load() (config.Config, error) {
	factory, local, err := s.files()
	if err != nil {
		return config.Config{}, err
	}
	cfg, wrong := config.Merge(join(factory, local)...) // it also says where the state directory is
	kept, err := s.kept(cfg)
	if err == nil && s.Optional && len(factory)+len(kept)+len(local) == 0 {
		_, err = os.Stat(s.File)
		return config.Config{}, fmt.Errorf("configuration: %w", err)
	}
	if len(kept) > 0 {
		cfg, wrong = config.Merge(join(factory, kept, local)...)
	}
	if err == nil || wrong == nil { // TakeOver says what is lost; an ordinary user need not know
		return WithBoard(cfg), wrong
	}
	return WithBoard(cfg), errors.Join(wrong, err)
}

// Ahead is the configuration as the next start will find it, with a file on the boot partition taken over.
func (s Sources) Ahead() (config.Config, error) {
	card, err := s.card()
	if err != nil {
		return config.Config{}, err
	}
	if len(card) == 0 {
		return s.Load()
	}
	factory, local, err := s.files()
	if err != nil {
		return config.Config{}, err
	}
	cfg, err := config.Merge(join(factory, card, local)...)
	return WithBoard(cfg), err
}

// files are those beside the boot partition's.
func (s Sources) files() (factory, local []config.Layer, err error) {
	names, _ := filepath.Glob(filepath.Join(s.Factory, "*.toml")) // sorted; the pattern is a good one
	if s.Factory == "" {
		names = nil
	}
	for _, name := range names {
		l, err := config.ReadLayer(name, config.Factory)
		if err != nil {
			return nil, nil, err
		}
		factory = append(factory, l)
	}
	l, err := config.ReadLayer(s.File, config.Local)
	switch {
	case s.Optional && errors.Is(err, fs.ErrNotExist):
		return factory, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return factory, []config.Layer{l}, nil
}

// kept is the boot partition's file as it was taken over. cfg, of the other files, says where the state directory is.
func (s Sources) kept(cfg config.Config) ([]config.Layer, error) {
	path := filepath.Join(cfg.Device.StateDir, keptFile)
	if _, err := os.Lstat(path); err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	text, err := store.ReadFile(cfg.Device.StateDir, keptFile)
	if err != nil {
		return nil, fmt.Errorf("settings of the boot partition: %w", err)
	}
	return []config.Layer{{Path: path, Kind: config.Boot, Text: text}}, nil
}

// card is the boot partition's file as it is now: none, or one that only root or this user can have written.
func (s Sources) card() ([]config.Layer, error) {
	for _, path := range s.Boot {
		info, err := os.Lstat(path)
		switch {
		case err != nil: // not there, or not for this user to see
			continue
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s: is no plain file (%s), put a copy in its place", path, info.Mode())
		case info.Size() > config.MaxFile:
			return nil, fmt.Errorf("%s: the file is larger than 64 KiB, this is no configuration", path)
		}
		text, err := store.ReadFile(filepath.Dir(path), filepath.Base(path))
		if err != nil {
			return nil, fmt.Errorf("%w (a FAT partition: mount it with umask=0022)", err)
		}
		return []config.Layer{{Path: path, Kind: config.Boot, Text: text}}, nil
	}
	return nil, nil
}

func join(all ...[]config.Layer) (layers []config.Layer) {
	for _, some := range all {
		layers = append(layers, some...)
	}
	return layers
}
