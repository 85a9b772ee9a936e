package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/config/recipes"
)

// The program carries what the folder has.
func TestRecipesAreThoseOfTheFolder(t *testing.T) {
	all, err := recipes.All()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("../../*.toml")
	if len(files) < 20 || len(all) != len(files) {
		t.Fatalf("%d recipes, %d files", len(all), len(files))
	}
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if name := strings.TrimSuffix(filepath.Base(file), ".toml"); all[i].Name != name || all[i].Text != string(text) {
			t.Errorf("%s differs: run go generate ./config/recipes", name)
		}
	}
}

// The same files give the same bytes: a build is reproduced.
func TestPackedTwiceIsTheSame(t *testing.T) {
	one, err := pack("../..")
	if err != nil {
		t.Fatal(err)
	}
	if two, _ := pack("../.."); string(one) != string(two) {
		t.Error("two runs differ")
	}
}
