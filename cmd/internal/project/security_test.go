package project

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each row of the tables in SECURITY.md that claims something of the device names a test that is there.
func TestSecurityRowsAreTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := testNames(t)
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.Contains(line, "---") || strings.TrimSpace(cells[len(cells)-2]) == "test" {
			continue
		}
		rows++
		device, last := strings.TrimSpace(cells[2]), cells[len(cells)-2]
		named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(last, -1)
		if len(named) == 0 && device != "-" {
			t.Errorf("no test in the row %s", line)
		}
		for _, m := range named {
			if !known[m[1]] {
				t.Errorf("there is no %s, which the row says: %s", m[1], line)
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d rows found", rows)
	}
}

// testNames are all tests and fuzz targets of the project.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
