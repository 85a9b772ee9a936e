package config

import (
	"fmt"
	"io"
	"os"
	"sort"
)

// A Layer is one file of a configuration.
type Layer struct {
	Path string // "" where it is no file
	Kind Kind
	Text []byte // at most 64 KiB are a configuration
}

// Kind says whose file it is.
type Kind uint8

// The kinds, in the order in which Merge is to be given them.
const (
	Factory Kind = iota + 1 // the product's
	Boot                    // the owner's, from the boot partition: it may set a few keys only
	Local   Kind = 0        // the administrator's: paird.toml
)

// prefix is what Print writes before the path.
func (k Kind) prefix() string { return [...]string{Local: "", Factory: "factory: ", Boot: "boot: "}[k] }

// position is where a key stands.
type position struct {
	path string
	kind Kind
	line int // 0: not known
}

// ReadLayer reads a file, and no more of it than shows that it is no configuration. The error is about the file itself.
func ReadLayer(path string, kind Kind) (Layer, error) {
	f, err := os.Open(path)
	if err != nil {
		return Layer{}, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	text, err := readText(f)
	return Layer{path, kind, text}, err
}

func readText(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return text, nil
}

// Merge reads a configuration from its files: a key of a later file replaces that of an earlier one, a list of sections the
// whole list. The error is a Problems with everything that the files get wrong. With a Problems the Config holds what could
// be read, the defaults for all else.
func Merge(layers ...Layer) (Config, error) {
	c := Default()
	c.at = map[string]position{}
	w := walker{config: &c, known: map[string]key{}, problems: collector{seen: map[string]bool{}}}
	for _, k := range keys(&c) {
		w.known[k.name] = k
	}
	var broken Problems
	for _, l := range layers {
		broken = append(broken, w.read(l)...)
	}
	if len(broken) > 0 { // all else may be its consequence
		return c, broken
	}
	sort.Sort(&collector{list: c.refused})
	c.require(func(key, detail string) { w.problems.add(key, c.at[key], detail) })
	return c, w.problems.err()
}

// Refused is what a file of kind Boot has and may not set, in the order of the file.
func (c Config) Refused() Problems { return c.refused }

// From lists the keys whose values come from files of a kind, in the order of the example.
func (c Config) From(kind Kind) (names []string) {
	for _, k := range keys(&c) {
		if at := c.at[k.name]; at.line > 0 && at.kind == kind && c.given[k.name] == "" {
			names = append(names, k.name)
		}
	}
	return names
}
