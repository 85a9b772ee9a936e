package project

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
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
	if rows < 80 {
		t.Errorf("only %d rows found", rows)
	}
	_, grant, _ := strings.Cut(string(text), "RFC 8628, section 5\n")
	grant, _, _ = strings.Cut(grant, "\n## ")
	for point := 1; point <= 7; point++ {
		if row := fmt.Sprintf("\n| 5.%d ", point); !strings.Contains(grant, row) {
			t.Errorf("no row %q", row)
		}
	}
}

// Each row of what makers ask for names tests that are there, or has a reason.
func TestMakersRowsAreTests(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "cmd/paird/MAKERS.md"))
	if err != nil {
		t.Fatal(err)
	}
	known, rows := testNames(t), 0
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || strings.Contains(line, "---") || strings.TrimSpace(cells[1]) == "asked for" {
			continue
		}
		rows++
		named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(cells[3], -1)
		for _, m := range named {
			if !known[m[1]] {
				t.Errorf("there is no %s, which the row says: %s", m[1], line)
			}
		}
		if strings.TrimSpace(cells[2]) == "yes" && len(named) == 0 {
			t.Errorf("no test in the row %s", line)
		}
	}
	if rows < 25 {
		t.Errorf("only %d rows found", rows)
	}
}

// TestVersions: each heading of the changes is a semantic version, the latest first.
func TestVersions(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Count("\n"+string(text), "\n## ")
	var versions [][3]int
	for _, m := range regexp.MustCompile(`(?m)^## v(\d+)\.(\d+)\.(\d+), `).FindAllStringSubmatch(string(text), -1) {
		var v [3]int
		for i := range v {
			if v[i], err = strconv.Atoi(m[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		versions = append(versions, v)
	}
	latestFirst := slices.IsSortedFunc(versions, func(a, b [3]int) int { return slices.Compare(b[:], a[:]) })
	if len(versions) < 2 || len(versions) != all || !latestFirst {
		t.Errorf("%v, of %d headings", versions, all)
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
