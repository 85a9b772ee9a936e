package project

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown says for each block of code of the documents which test executes or parses it: by file and first line.
var shown = map[string]string{
	"config/boot.md: [auth]":      "TestConfigurations",
	"config/panels.md: [display]": "TestConfigurations",
	"scripts/examples/calls/README.md: cc -o calls scripts/examples/calls/calls.c":                                                    "TestCalls",
	"scripts/examples/printer/README.md: [control]":                                                                                   "TestConfigurations",
	"scripts/examples/printer/README.md: go run ./scripts/examples/printer /run/paird/paird.sock":                                     "TestPrinter",
	"README.md: make demo    # authorization server, broker, device and phone on one page: open the URL it prints":                    "TestTargets",
	"README.md: build/paird screen pairing --panel waveshare2in13v2 --code WDJB-MJHT --uri https://example.com/device -o pairing.png": "TestCommands",
	"README.md: cat > paird.toml <<END":                                                                                               "TestCommands",
	"README.md: build/paird status --config paird.toml":                                                                               "TestCommands",
	"README.md: [mqtt]": "TestConfigurations",
	"README.md: make release   # build/release: .deb for armhf (ARMv6 code, any Pi), arm64, amd64, riscv64; the same as tar.gz; SHA256SUMS": "TestTargets",
	"README.md: sudo apt install ./paird_*_arm64.deb": "TestNewcomer",
	"README.md: [display]":                            "TestConfigurations",
	"README.md: paird token                             # a fresh access token; --fresh: another one, after an API refused the last": "TestCommands",
	"config/panels.md: sudo systemctl stop paird": "TestRecordAndReplayCommands",
}

// TestBlocksAreListed: a block of code that no test runs or parses is not shown.
func TestBlocksAreListed(t *testing.T) {
	known, seen := testNames(t), map[string]bool{}
	for _, block := range fenced(t) {
		test := shown[block.key()]
		if block.file == "agent/control/API.md" {
			test = "TestReferenceJSON"
		}
		if !known[test] {
			t.Errorf("no test (%q) for the block %q", test, block.key())
		}
		seen[block.key()] = true
	}
	for key := range shown {
		if !seen[key] {
			t.Errorf("there is no block %q any more", key)
		}
	}
}

// TestShellBlocksParse: a shell takes each block.
func TestShellBlocksParse(t *testing.T) {
	blocks := 0
	for _, block := range fenced(t) {
		if block.language != "sh" {
			continue
		}
		blocks++
		cmd := exec.Command("sh", "-n")
		cmd.Stdin = strings.NewReader(block.text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", block.key(), err, out)
		}
	}
	if blocks < 7 {
		t.Errorf("only %d blocks found", blocks)
	}
}

// TestExamples: each example of `paird help COMMAND`, which the man page has too, is a command line that paird takes.
func TestExamples(t *testing.T) {
	bin, dir := build(t), t.TempDir()
	env := []string{"PATH=" + filepath.Dir(bin) + ":/usr/bin:/bin", "HOME=" + dir}
	list, _ := shell(dir, env, "paird help")
	examples := 0
	for _, m := range regexp.MustCompile(`(?m)^  ([a-z]+) `).FindAllStringSubmatch(list, -1) {
		help, _ := shell(dir, env, "paird help "+m[1])
		_, example, found := strings.Cut(help, "\nExample: ")
		if !found {
			continue
		}
		examples++
		if out, code := shell(dir, env, strings.TrimSpace(example)+" -h"); code != 0 || !strings.HasPrefix(out, "paird "+m[1]) {
			t.Errorf("%s: exit %d: %s", example, code, out)
		}
	}
	if examples < 8 {
		t.Errorf("only %d examples found in\n%s", examples, list)
	}
}

// TestSentences: each command of paird in a sentence of a document is a command line that paird takes.
func TestSentences(t *testing.T) {
	bin, dir := build(t), t.TempDir()
	env := []string{"PATH=" + filepath.Dir(bin) + ":/usr/bin:/bin", "HOME=" + dir}
	named := map[string]string{} // commands, and where one stands
	for file, text := range documents(t) {
		for _, m := range regexp.MustCompile("`(?:sudo )?(paird [a-z][^`|\\[]*)`").FindAllStringSubmatch(text, -1) {
			named[strings.Join(strings.Fields(m[1]), " ")] = file
		}
	}
	if len(named) < 20 {
		t.Errorf("only %d commands found: %q", len(named), named)
	}
	for command, file := range named {
		if out, code := shell(dir, env, command+" -h"); code != 0 || !strings.HasPrefix(out, strings.Join(strings.Fields(command)[:2], " ")) {
			t.Errorf("%s: %s: exit %d: %s", file, command, code, out)
		}
	}
}

// fence is a block of code of a document.
type fence struct{ file, language, text string }

func (f fence) key() string {
	first, _, _ := strings.Cut(f.text, "\n")
	return f.file + ": " + first
}

// documents are the texts of all documents of the project, by file.
func documents(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	out, err := exec.Command("find", root, "-name", "*.md", "-not", "-path", root+"/build/*", "-not", "-path", "*/node_modules/*").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(path, root+"/")] = string(text)
	}
	return all
}

// fenced are all blocks of all documents.
func fenced(t *testing.T) (all []fence) {
	t.Helper()
	for file, text := range documents(t) {
		for _, m := range regexp.MustCompile("(?ms)^```([a-z]*)[^\n]*\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
			all = append(all, fence{file, m[1], m[2]})
		}
	}
	return all
}
