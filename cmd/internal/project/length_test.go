package project

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

const (
	mostFunctionLines = 60
	mostFileLines     = 300 // tests may be longer
)

func TestFunctionsAndFilesAreShort(t *testing.T) {
	for folder, files := range goFolders(t) {
		for _, name := range files {
			path, set := filepath.Join(folder, name), token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			line := func(p token.Pos) int { return set.Position(p).Line }
			if n := line(file.FileEnd); n > mostFileLines && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s has %d lines, %d at most", path, n, mostFileLines)
			}
			for _, d := range file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok && line(f.End())-line(f.Pos()) >= mostFunctionLines {
					t.Errorf("%s: %s has more than %d lines", path, f.Name.Name, mostFunctionLines)
				}
			}
		}
	}
}
