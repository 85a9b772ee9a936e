package config

import (
	"errors"

	"github.com/BurntSushi/toml"
)

// source is a parsed file that still knows where each key stood.
type source struct {
	md    toml.MetaData
	roots map[string]toml.Primitive
	tree  map[string]any
}

func read(text string) (source, error) {
	s := source{tree: map[string]any{}}
	md, err := toml.Decode(text, &s.roots)
	if err != nil {
		return s, err
	}
	s.md = md
	for name, p := range s.roots {
		var v any
		if err := s.md.PrimitiveDecode(p, &v); err != nil {
			return s, err
		}
		s.tree[name] = v
	}
	return s, nil
}

// line returns where the key stands, or 0. The library gives positions in its errors only, so the key is
// decoded into a value that refuses everything.
func (s *source) line(path ...string) int {
	level := s.roots
	for _, name := range path[:len(path)-1] {
		p, ok := level[name]
		level = nil
		if !ok || s.md.PrimitiveDecode(p, &level) != nil {
			return 0
		}
	}
	p, ok := level[path[len(path)-1]]
	if !ok {
		return 0
	}
	if at, ok := errors.AsType[toml.ParseError](s.md.PrimitiveDecode(p, &refusal{})); ok {
		return at.Position.Line
	}
	return 0
}

type refusal struct{}

func (*refusal) UnmarshalTOML(any) error { return errors.New("asked for its position only") }
