package config

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// MaxFile bounds a configuration file, bytes.
const MaxFile = 64 << 10

// Load reads and parses the file at path. The error is a Problems or about the file itself.
func Load(path string) (Config, error) {
	l, err := ReadLayer(path, Local)
	if err != nil {
		return Config{}, err
	}
	return Merge(l)
}

// Parse reads a configuration in TOML. The error is a Problems, as that of Merge, or what r says.
func Parse(r io.Reader) (Config, error) {
	text, err := readText(r)
	if err != nil {
		return Default(), err
	}
	return Merge(Layer{Text: text})
}

// walker sets what the files have and gathers what does not fit.
type walker struct {
	config   *Config
	known    map[string]key
	problems collector
	source   *source // of the present file
	layer    Layer
}

// read takes in one file. Of one that is no TOML it takes in the sections that are.
func (w *walker) read(l Layer) (broken Problems) {
	if len(l.Text) > MaxFile {
		return Problems{{File: l.Path, Detail: "the file is larger than 64 KiB, this is no configuration", fatal: true}}
	}
	src, err := read(string(l.Text))
	if err != nil {
		broken = Problems{syntax(l, err)}
		src = salvage(string(l.Text))
	}
	w.source, w.layer = &src, l
	items(w, "token", &w.config.Tokens, defaultToken(), tokenKeys)
	items(w, "telemetry.sensor", &w.config.Telemetry.Sensors, defaultSensor(), sensorKeys)
	w.walk(nil, src.tree)
	return broken
}

// walk goes through one table of the file.
func (w *walker) walk(at []string, tree map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		raw, path := tree[name], append(at[:len(at):len(at)], name)
		full := toml.Key(path).String()
		k, known := w.known[full]
		switch sub, isTable := raw.(map[string]any); {
		case full == "token" || full == "telemetry.sensor": // read by items
		case known && w.layer.Kind == Boot && !k.boot:
			w.refuse(full, w.source.line(path...))
		case known:
			set := w.position(w.source.line(path...))
			w.config.at[full] = set
			w.problems.add(full, set, k.set(raw))
		case !w.section(full):
			w.problems.add(full, w.found(path), unknown(full, w.known))
		case isTable:
			w.walk(path, sub)
		default:
			w.problems.add(full, w.found(path), "is a section, write ["+full+"] on a line of its own")
		}
	}
}

// refuse notes what the boot partition's file may not set.
func (w *walker) refuse(key string, line int) {
	refused := Problem{Key: key, File: w.layer.Path, Line: line, Detail: "may not be set from the boot partition, and is left out"}
	w.config.refused = append(w.config.refused, refused)
}

func (w *walker) position(line int) position { return position{w.layer.Path, w.layer.Kind, line} }

// found is where a key without a field stands. It spares the search where the problem would not be listed.
func (w *walker) found(path []string) position {
	if len(w.problems.list) >= maxProblems {
		return w.position(0)
	}
	return w.position(w.source.line(path...))
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
func items[T any](w *walker, name string, list *[]T, usual T, keysOf func(*T) []key) {
	raw := dig(w.source.tree, strings.Split(name, "."))
	tables, ok := raw.([]map[string]any)
	switch {
	case raw == nil:
		return
	case w.layer.Kind == Boot:
		w.refuse(name, 0)
		return
	case !ok:
		w.problems.add(name, w.position(0), "is a list of sections, write [["+name+"]] on a line of its own")
	}
	w.config.at[name] = w.position(0)
	*list = make([]T, len(tables))
	for i, tree := range tables {
		(*list)[i] = usual
		w.item(fmt.Sprintf("%s[%d]", name, i+1), tree, keysOf(&(*list)[i]))
	}
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
		w.problems.add(at+"."+toml.Key{field}.String(), w.position(0), wrong)
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
