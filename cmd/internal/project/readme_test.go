package project

import (
	"image"
	_ "image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paird/paird/config"
)

const root = "../../.."

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// blocks are the fenced blocks of one language.
func blocks(text, language string) []string {
	var all []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

func build(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "paird")
	cmd := exec.Command("go", "build", "-o", bin, "./cmd/paird")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return bin
}

// TestConfigurations: every TOML block is one that paird takes; a part is completed with what is required.
func TestConfigurations(t *testing.T) {
	all := blocks(readme(t), "toml")
	if len(all) < 4 {
		t.Fatalf("only %d configurations found", len(all))
	}
	for _, text := range all {
		if !strings.Contains(text, "[auth]") {
			text += "\n[auth]\nissuer = \"https://auth.example.com\"\nclient_id = \"printer\"\n"
		}
		if _, err := config.Parse(strings.NewReader(text)); err != nil {
			t.Errorf("%v in\n%s", err, text)
		}
	}
}

// TestTargets: every make target named is one that make has.
func TestTargets(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(root, "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(readme(t), -1)
	if len(named) < 8 {
		t.Fatalf("only %d targets found", len(named))
	}
	for _, m := range named {
		if !regexp.MustCompile("(?m)^" + m[1] + ":").Match(b) {
			t.Errorf("make %s: no such target", m[1])
		}
	}
}

// TestCommands runs every paird command of the README. Those that need a daemon must say that none runs
// (5) or, without a configuration, that nothing is paired (4); the others must succeed.
func TestCommands(t *testing.T) {
	bin, dir := build(t), t.TempDir()
	parts := strings.SplitN(blocks(readme(t), "toml")[0], "\n", 2)[1]
	conf := strings.ReplaceAll(parts, "/tmp/paird", filepath.Join(dir, "state"))
	if err := os.WriteFile(filepath.Join(dir, "paird.toml"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	want := map[string][]int{
		"screen": {0}, "config": {0}, "doctor": {1}, // there is no auth.example.com
		"status": {4, 5}, "token": {4, 5}, "publish": {2, 5}, "pair": {2, 5}, "reset": {4},
	}
	seen := map[string]bool{}
	for _, block := range blocks(readme(t), "sh") {
		for line := range strings.Lines(block) {
			m := regexp.MustCompile(`^(?:build/)?paird (([a-z]+).*?)\s*(?:#.*)?$`).FindStringSubmatch(strings.TrimSpace(line))
			if m == nil || m[2] == "run" || m[2] == "login" { // these two are run against real servers elsewhere
				continue
			}
			seen[m[2]] = true
			cmd := exec.Command("sh", "-c", bin+" "+m[1])
			cmd.Dir = dir
			cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + dir}
			out, _ := cmd.CombinedOutput()
			if code := cmd.ProcessState.ExitCode(); !slices.Contains(want[m[2]], code) {
				t.Errorf("%s: exit %d, want %v\n%s", line, code, want[m[2]], out)
			}
		}
	}
	for name := range want {
		if !seen[name] {
			t.Errorf("paird %s is not in the README", name)
		}
	}
}

// TestLinks: what the README points at is there, and its pictures are pictures.
func TestLinks(t *testing.T) {
	for _, m := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllStringSubmatch(readme(t), -1) {
		f, err := os.Open(filepath.Join(root, m[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if strings.HasSuffix(m[1], ".png") {
			if _, kind, err := image.DecodeConfig(f); err != nil || kind != "png" {
				t.Errorf("%s: %s %v", m[1], kind, err)
			}
		}
		f.Close()
	}
}
