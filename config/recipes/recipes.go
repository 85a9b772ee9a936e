// Package recipes has configurations to begin with, one for each authorization server and broker. They are the files of
// this folder; the program carries them packed, comments included.
package recipes

import (
	"compress/gzip"
	_ "embed" // the files, packed
	"fmt"
	"io"
	"strings"
)

//go:generate go run ./internal/pack

//go:embed recipes.gz
var packed string

// Recipe is a configuration with what to set up at the other side, as comments.
type Recipe struct {
	Name string // such as "keycloak"
	Text string // TOML
}

// All unpacks the recipes, by name. Each begins at a line "-- NAME --" of the packed text.
func All() ([]Recipe, error) {
	r, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("the recipes: %w", err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("the recipes: %w", err)
	}
	var all []Recipe
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			all = append(all, Recipe{Name: strings.TrimSuffix(name, " --\n")})
			continue
		}
		all[len(all)-1].Text += line
	}
	return all, nil
}
