package project

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocsNameFiles: the doc of a package of more than two files names each of them, and none that does not exist. Test files
// are named where a package has only tests, or names one.
func TestDocsNameFiles(t *testing.T) {
	folders := goFolders(t)
	if len(folders) < 40 {
		t.Fatalf("only %d folders of Go files found", len(folders))
	}
	for folder, files := range folders {
		doc := packageDoc(t, folder, files)
		named := fileName.FindAllString(doc, -1)
		for _, name := range named {
			if len(matches(t, folder, name))+len(matches(t, root, name)) == 0 {
				t.Errorf("%s: its doc names %s, which does not exist", folder, name)
			}
		}
		for _, name := range toBeNamed(files, named) {
			if !isNamed(named, name) && !isNamed(named, systemSuffix.ReplaceAllString(name, ".go")) {
				t.Errorf("%s: its doc does not name %s", folder, name)
			}
		}
	}
}

var (
	fileName     = regexp.MustCompile(`[a-zA-Z0-9_/*]+\.go\b`)
	systemSuffix = regexp.MustCompile(`_(linux|darwin|unix|windows|other)\.go$`)
)

// goFolders are the folders of the project with Go files, and those files.
func goFolders(t *testing.T) map[string][]string {
	t.Helper()
	folders := map[string][]string{}
	for _, top := range []string{"agent", "cmd", "config", "display", "hal", "scripts"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, _ os.DirEntry, err error) error {
			if filepath.Ext(path) == ".go" {
				folder := filepath.Dir(path)
				folders[folder] = append(folders[folder], filepath.Base(path))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folders
}

// packageDoc is the comment above the package clause, of whichever file has it.
func packageDoc(t *testing.T, folder string, files []string) (doc string) {
	t.Helper()
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(folder, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if file.Doc != nil {
			doc += file.Doc.Text()
		}
	}
	return doc
}

// toBeNamed are the files that the doc of a package must name.
func toBeNamed(files, named []string) []string {
	var source, tests []string
	for _, name := range files {
		switch {
		case name == "doc.go":
		case strings.HasSuffix(name, "_test.go"):
			tests = append(tests, name)
		default:
			source = append(source, name)
		}
	}
	if len(source) == 0 || slices.ContainsFunc(tests, func(name string) bool { return slices.Contains(named, name) }) {
		source = append(source, tests...)
	}
	if len(source) <= 2 {
		return nil
	}
	return source
}

// isNamed reports whether a file is among the names of a doc, which may be patterns, as words_*.go.
func isNamed(named []string, file string) bool {
	return slices.ContainsFunc(named, func(pattern string) bool { ok, _ := filepath.Match(pattern, file); return ok })
}

func matches(t *testing.T, folder, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
