package config

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// maxFile bounds a configuration, bytes.
const maxFile = 64 << 10

// Load reads and parses the file at path. The error is a Problems or about the file itself.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	defer f.Close()
	c, err := Parse(f)
	c.file = path
	return c, err
}

// Parse reads a configuration in TOML. The error is a Problems with everything that the file gets wrong, or what r
// says. With a Problems the Config holds what could be read, the defaults for all else.
func Parse(r io.Reader) (Config, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return Default(), fmt.Errorf("configuration: %w", err)
	}
	if len(text) > maxFile {
		return Default(), Problems{{Detail: "the file is larger than 64 KiB, this is no configuration", fatal: true}}
	}
	src, err := read(string(text))
	if err != nil {
		return Default(), Problems{syntax(err)}
	}
	return src.config()
}

func syntax(err error) Problem {
	if at, ok := errors.AsType[toml.ParseError](err); ok {
		return Problem{Key: at.LastKey, Line: at.Position.Line, Detail: "this is no TOML: " + at.Message, fatal: true}
	}
	return Problem{Detail: "this is no TOML: " + err.Error(), fatal: true}
}

// config walks the file along the key table.
func (s *source) config() (Config, error) {
	c := Default()
	c.lines = map[string]int{}
	w := walker{source: s, known: map[string]key{}, lines: c.lines, problems: collector{seen: map[string]bool{}}}
	for _, k := range keys(&c) {
		w.known[k.name] = k
	}
	c.Tokens = items(&w, "token", defaultToken(), tokenKeys)
	c.Telemetry.Sensors = items(&w, "telemetry.sensor", defaultSensor(), sensorKeys)
	w.walk(nil, s.tree)
	c.require(func(key, detail string) { w.problems.add(key, c.lines[key], detail) })
	return c, w.problems.err()
}

// walker sets what the file has and gathers what does not fit.
type walker struct {
	source   *source
	known    map[string]key
	lines    map[string]int
	problems collector
}

// walk goes through one table of the file.
func (w *walker) walk(at []string, tree map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		raw, path := tree[name], append(at[:len(at):len(at)], name)
		full := toml.Key(path).String()
		k, known := w.known[full]
		switch sub, isTable := raw.(map[string]any); {
		case full == "token" || full == "telemetry.sensor": // read by items
		case known:
			w.lines[full] = w.source.line(path...)
			w.problems.add(full, w.lines[full], k.set(raw))
		case !w.section(full):
			w.problems.add(full, w.line(path), unknown(full, w.known))
		case isTable:
			w.walk(path, sub)
		default:
			w.problems.add(full, w.line(path), "is a section, write ["+full+"] on a line of its own")
		}
	}
}

// line spares the search where the problem would not be listed.
func (w *walker) line(path []string) int {
	if len(w.problems.list) >= maxProblems {
		return 0
	}
	return w.source.line(path...)
}

func (w *walker) section(full string) bool {
	for name := range w.known {
		if strings.HasPrefix(name, full+".") {
			return true
		}
	}
	return false
}

// items reads an array of tables. Their lines are not known: the library has only the last table's.
func items[T any](w *walker, name string, usual T, keysOf func(*T) []key) []T {
	raw := dig(w.source.tree, strings.Split(name, "."))
	tables, ok := raw.([]map[string]any)
	if raw != nil && !ok {
		w.problems.add(name, 0, "is a list of sections, write [["+name+"]] on a line of its own")
	}
	out := make([]T, len(tables))
	for i, tree := range tables {
		out[i] = usual
		w.item(fmt.Sprintf("%s[%d]", name, i+1), tree, keysOf(&out[i]))
	}
	return out
}

// item reads one table of an array.
func (w *walker) item(at string, tree map[string]any, keys []key) {
	known := map[string]key{}
	for _, k := range keys {
		known[k.name] = k
	}
	for _, field := range slices.Sorted(maps.Keys(tree)) {
		wrong := ""
		if k, ok := known[field]; ok {
			wrong = k.set(tree[field])
		} else {
			wrong = unknown(field, known)
		}
		w.problems.add(at+"."+toml.Key{field}.String(), 0, wrong)
	}
}

func dig(tree map[string]any, path []string) any {
	v, ok := tree[path[0]]
	if sub, isTable := v.(map[string]any); isTable && len(path) > 1 {
		return dig(sub, path[1:])
	}
	if !ok || len(path) > 1 {
		return nil
	}
	return v
}
