package config

import (
	"errors"
	"strings"

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

// syntax is the problem of a file that is no TOML.
func syntax(l Layer, err error) Problem {
	p := Problem{File: l.Path, Detail: "this is no TOML: " + err.Error(), fatal: true}
	if at, ok := errors.AsType[toml.ParseError](err); ok {
		p.Key, p.Line, p.Detail = at.LastKey, at.Position.Line, "this is no TOML: "+at.Message
		p.Detail += typographic(string(l.Text), at.Position.Line)
	}
	return p
}

// typographic is a hint for a line with the quotes of a word processor, or of a telephone's keyboard.
func typographic(text string, number int) string {
	lines := strings.Split(text, "\n")
	if number < 1 || number > len(lines) || !strings.ContainsAny(lines[number-1], "“”„‟‘’‚‛«»″") {
		return ""
	}
	return "; this line has typographic quotes, write straight ones: \""
}

// salvage reads the sections of a broken file that are TOML by themselves: so the panel can say where the mistake is. Their keys
// keep their lines.
func salvage(text string) source {
	var good, part strings.Builder
	end := func() {
		one := part.String()
		if _, err := read(one); err != nil {
			one = strings.Repeat("\n", strings.Count(one, "\n"))
		}
		good.WriteString(one)
		part.Reset()
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "[") {
			end()
		}
		part.WriteString(line)
	}
	end()
	s, err := read(good.String())
	if err != nil { // one section twice
		return source{}
	}
	return s
}
