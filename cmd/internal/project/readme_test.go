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

// trial is the command of the README that writes the configuration of a first try.
func trial(t *testing.T) (command, text string) {
	t.Helper()
	m := regexp.MustCompile("(?s)cat > paird.toml <<END\n(.*?)END\n").FindStringSubmatch(strings.Join(blocks(readme(t), "sh"), ""))
	if m == nil {
		t.Fatal("no command writes paird.toml")
	}
	return m[0], m[1]
}

// TestConfigurations: every configuration is one that paird takes; a part is completed with what is required.
func TestConfigurations(t *testing.T) {
	_, whole := trial(t)
	whole = strings.NewReplacer("${XDG_STATE_HOME:-$HOME/.local/state}", "/state", "${XDG_RUNTIME_DIR:-$HOME}", "/run").Replace(whole)
	all := []string{whole}
	for _, block := range fenced(t) {
		if block.language == "toml" {
			all = append(all, block.text)
		}
	}
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
	var all strings.Builder
	for _, text := range documents(t) {
		all.WriteString(text)
	}
	named := regexp.MustCompile("(?m)(?:`|^)make ([a-z-]+)").FindAllStringSubmatch(all.String(), -1)
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
// (5) or, without a configuration, that nothing is paired (4); the others must succeed. The configuration is written
// by the README's own command, with and without the folders of the XDG Base Directory Specification.
func TestCommands(t *testing.T) {
	bin := build(t)
	for name, xdg := range map[string]bool{"home": false, "XDG": true} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			env := []string{"PATH=/usr/bin:/bin", "HOME=" + dir}
			if xdg {
				env = append(env, "XDG_STATE_HOME="+dir+"/state", "XDG_RUNTIME_DIR="+dir)
			}
			runCommands(t, bin, dir, env)
		})
	}
}

func runCommands(t *testing.T, bin, dir string, env []string) {
	t.Helper()
	write, _ := trial(t)
	if out, code := shell(dir, env, write); code != 0 {
		t.Fatalf("exit %d: %s\n%s", code, write, out)
	}
	want := map[string][]int{
		"screen": {0}, "config": {0}, "doctor": {1}, // there is no auth.example.com
		"status": {4, 5}, "token": {4, 5}, "publish": {2, 5}, "subscribe": {2}, "pair": {2, 5}, "reset": {4},
	}
	seen := map[string]bool{}
	for _, block := range blocks(readme(t), "sh") {
		for line := range strings.Lines(block) {
			m := regexp.MustCompile(`^(?:build/)?paird (([a-z]+).*?)\s*(?:#.*)?$`).FindStringSubmatch(strings.TrimSpace(line))
			if m == nil || m[2] == "run" || m[2] == "login" { // these two are run against real servers elsewhere
				continue
			}
			seen[m[2]] = true
			if out, code := shell(dir, env, bin+" "+m[1]); !slices.Contains(want[m[2]], code) {
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

func shell(dir string, env []string, command string) (out string, code int) {
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env = dir, env
	b, _ := cmd.CombinedOutput()
	return string(b), cmd.ProcessState.ExitCode()
}

// TestExitCodes: every exit code has its meaning. The table of problems is compared where they are made to happen, in
// cmd/pairlab/internal/troubles, that of events in agent/control.
func TestExitCodes(t *testing.T) {
	text := readme(t)
	b, err := os.ReadFile(filepath.Join(root, "cmd/paird/main.go"))
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`(?m)^\texit[A-Z]\w* += (\d+)`).FindAllStringSubmatch(string(b), -1)
	if len(codes) != 7 {
		t.Fatalf("%d exit codes found", len(codes))
	}
	_, meanings, _ := strings.Cut(text, "Exit codes: ")
	meanings, _, _ = strings.Cut(meanings, "\n\n")
	for _, m := range codes {
		if !regexp.MustCompile(`(^|[;,]\s)` + m[1] + " [a-z]").MatchString(meanings) {
			t.Errorf("exit code %s is not in %q", m[1], meanings)
		}
	}
}

// TestLinks: what a document points at is there, and its pictures are pictures.
func TestLinks(t *testing.T) {
	links := 0
	for file, text := range documents(t) {
		for _, m := range regexp.MustCompile(`\]\(([^):#]+)(?:#[a-z-]+)?\)`).FindAllStringSubmatch(text, -1) {
			links++
			f, err := os.Open(filepath.Join(root, filepath.Dir(file), m[1]))
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if strings.HasSuffix(m[1], ".png") {
				if _, kind, err := image.DecodeConfig(f); err != nil || kind != "png" {
					t.Errorf("%s: %s: %s %v", file, m[1], kind, err)
				}
			}
			f.Close()
		}
	}
	if links < 40 {
		t.Errorf("only %d links found", links)
	}
}
