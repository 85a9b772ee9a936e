package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/scripts/internal/source"
)

// made is a release of one architecture. Its SBOM is that of a paird built for this machine; in the packages a small
// script stands for it, which is quick to compress.
type made struct {
	release
	program program
	names   []string
	files   []file
}

var when = time.Unix(1_790_000_000, 0).UTC()

// built is one paird for all tests.
func built(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "paird")
	cmd := exec.Command("go", "build", "-o", binary, "./cmd/paird") // as other tests build it, so that it is compiled once
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

func make1(t *testing.T, binary string) made {
	t.Helper()
	m := made{release: release{Source: source.Source{Root: "../..", Out: t.TempDir(), Version: "v1.2.3", Built: when}}}
	script := filepath.Join(t.TempDir(), "paird")
	mustWrite(t, script, "#!/bin/sh\necho paird dev\n")
	var err error
	if m.program, err = readManual(binary); err != nil {
		t.Fatal(err)
	}
	if m.files, err = m.tree(script, m.program); err != nil {
		t.Fatal(err)
	}
	a := arch{"here", "amd64"}
	deb, err1 := m.deb(a, m.files)
	tgz, err2 := m.tarball(a, script)
	bom, err3 := m.sbom(a, binary)
	m.names = []string{deb, tgz, bom}
	if err := errors.Join(err1, err2, err3, m.sums(m.names)); err != nil {
		t.Fatal(err)
	}
	return m
}

// output runs a program that must succeed.
func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

func TestRelease(t *testing.T) {
	binary := built(t)
	m := make1(t, binary)
	t.Run("manual", func(t *testing.T) { testManual(t, m.program) })
	t.Run("environment", func(t *testing.T) { testEnvironment(t, m.program) })
	t.Run("links", func(t *testing.T) { testLinks(t, m) })
	t.Run("bash", func(t *testing.T) { testBash(t, m.program) })
	t.Run("package", func(t *testing.T) { testPackage(t, m) })
	t.Run("tarball", func(t *testing.T) { testTarball(t, m) })
	t.Run("sbom", func(t *testing.T) { testSBOM(t, m) })
	t.Run("same bytes", func(t *testing.T) { testSameBytes(t, m, make1(t, binary)) })
}

// Twice the same bytes, in another folder.
func testSameBytes(t *testing.T, one, two made) {
	if !slices.Equal(one.names, two.names) {
		t.Fatalf("made %q, then %q", one.names, two.names)
	}
	for _, name := range append(one.names, "SHA256SUMS") {
		a, err1 := os.ReadFile(filepath.Join(one.Out, name))
		b, err2 := os.ReadFile(filepath.Join(two.Out, name))
		if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs: %v", name, err)
		}
	}
}

// Every command and every flag of the help is in the man page and in each completion.
func testManual(t *testing.T, p program) {
	if len(p.commands) < 13 {
		t.Fatalf("only %d commands found", len(p.commands))
	}
	page := p.page("v1.2.3", when)
	texts := map[string]string{"man page": strings.ReplaceAll(page, `\-`, "-"), "bash": p.bash(), "zsh": p.zsh(), "fish": p.fish()}
	for _, c := range p.commands {
		if c.about == "" || len(c.flags) == 0 {
			t.Errorf("%+v is not read whole", c)
		}
		for kind, text := range texts {
			if !strings.Contains(text, c.name) {
				t.Errorf("%s: no %s", kind, c.name)
			}
			for _, o := range c.flags {
				name := o.name
				if kind == "fish" {
					name = " " + strings.TrimLeft(o.name, "-") + " "
				}
				if o.about == "" || strings.ContainsAny(o.name, " ") || !strings.Contains(text, name) {
					t.Errorf("%s: no %s of %s (%+v)", kind, o.name, c.name, o)
				}
			}
		}
	}
	for line := range strings.Lines(page + configPage("# a\n.b\n'c\n", "v1", when)) {
		macro, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		known := []string{".TH", ".SH", ".SS", ".TP", ".B", ".I", ".PP", ".EX", ".EE"}
		if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !slices.Contains(known, macro) {
			t.Errorf("groff would take this for a request: %q", line)
		}
	}
}

// Every variable that the program reads is in the man page.
func testEnvironment(t *testing.T, p program) {
	page := p.page("v1.2.3", when)
	read := regexp.MustCompile(`os\.(?:Getenv|LookupEnv)\("(\w+)"\)`)
	found := 0
	for _, dir := range []string{"cmd/paird", "cmd/internal/daemon", "agent/internal/statedir"} {
		for _, name := range glob(t, "../../"+dir+"/*.go") {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			for _, m := range read.FindAllStringSubmatch(mustRead(t, name), -1) {
				found++
				if !strings.Contains(page, m[1]) {
					t.Errorf("%s reads %s, which the man page does not have", name, m[1])
				}
			}
		}
	}
	if found < 5 {
		t.Errorf("only %d variables found", found)
	}
}

// A document that a shipped one links to is shipped too, where the link leads; those for developers are not.
func testLinks(t *testing.T, m made) {
	const docs = "usr/share/doc/paird/"
	developers := []string{"cmd/paird/MAKERS.md", "scripts/COSTS.md"}
	packed := map[string]bool{}
	for _, f := range m.files {
		packed[f.path] = true
	}
	link := regexp.MustCompile(`\]\(([\w./-]+\.md)[)#]`)
	for _, f := range m.files {
		if !strings.HasPrefix(f.path, docs) || !strings.HasSuffix(f.path, ".md") {
			continue
		}
		for _, found := range link.FindAllStringSubmatch(string(f.data), -1) {
			to := path.Join(path.Dir(f.path), found[1])
			source, _ := strings.CutPrefix(to, docs)
			if slices.Contains(developers, source) {
				continue
			}
			if !slices.ContainsFunc(unpacked(), func(p string) bool { ok, _ := path.Match(p, source); return ok }) {
				t.Errorf("%s links to %s, which the tar.gz does not have", f.path, source)
			}
			if !packed[to] && !strings.HasPrefix(source, "scripts/examples/") { // the package has those elsewhere
				t.Errorf("%s links to %s, which the package does not have", f.path, to)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func mustRead(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// bash itself completes.
func testBash(t *testing.T, p program) {
	for line, want := range map[string]string{
		"st":            "status",
		"status --w":    "--watch",
		"config ":       "check print --config",
		"help logo":     "logout",
		"--config x to": "token",
	} {
		words := strings.Split("paird "+line, " ")
		script := p.bash() + "\nCOMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _paird; echo \"${COMPREPLY[*]}\""
		if got := strings.TrimSpace(output(t, "bash", append([]string{"-c", script, "bash"}, words...)...)); got != want {
			t.Errorf("paird %s: %q, want %q", line, got, want)
		}
	}
}

// dpkg installs, upgrades with an edited configuration, removes and purges it, below a folder of its own.
func testPackage(t *testing.T, m made) {
	deb := filepath.Join(m.Out, m.names[0])
	if got := output(t, "dpkg-deb", "-f", deb, "Version", "Architecture"); got != "Version: 1.2.3\nArchitecture: amd64\n" {
		t.Errorf("%q", got)
	}
	for line := range strings.Lines(output(t, "dpkg-deb", "-c", deb)) {
		if f := strings.Fields(line); f[1] != "root/root" || f[0][0] != 'd' && f[0] != "-rw-r--r--" && f[5] != "./usr/bin/paird" {
			t.Errorf("owner or mode: %s", line)
		}
	}
	root := t.TempDir()
	for _, dir := range []string{"var/lib/dpkg", "etc", "var/lib/paird"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	conf, grant := filepath.Join(root, "etc/paird/paird.toml"), filepath.Join(root, "var/lib/paird/tokens.db")
	mustWrite(t, filepath.Join(root, "var/lib/dpkg/status"), "")
	mustWrite(t, grant, "grant")
	dpkg := func(args ...string) string {
		t.Helper()
		return output(t, "dpkg", append([]string{"--root=" + root, "--force-script-chrootless", "--force-depends", "--force-not-root"}, args...)...)
	}
	if out := dpkg("-i", deb); !strings.Contains(out, "paird init") {
		t.Errorf("the first installation does not say what is next: %q", out)
	}
	passwd, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if err != nil || !strings.Contains(string(passwd), "paird:") {
		t.Errorf("no user paird: %v %q", err, passwd)
	}
	mustWrite(t, conf, "# mine\n")
	m.Version = "v1.2.4"
	next, err := m.deb(arch{"here", "amd64"}, m.files)
	if err != nil {
		t.Fatal(err)
	}
	dpkg("-i", filepath.Join(m.Out, next))
	dpkg("-r", "paird")
	for path, want := range map[string]string{conf: "# mine\n", grant: "grant"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("after an upgrade and a removal %s is %q, %v", path, got, err)
		}
	}
	dpkg("-P", "paird")
	for _, path := range []string{"etc/paird", "var/lib/paird", "usr/bin/paird"} {
		if _, err := os.Stat(filepath.Join(root, path)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left after a purge: %v", path, err)
		}
	}
}

func mustWrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A tar.gz installs without Go.
func testTarball(t *testing.T, m made) {
	f, err := os.Open(filepath.Join(m.Out, m.names[1]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, h.Name)
		data, err := io.ReadAll(r)
		if err := errors.Join(err, os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, os.FileMode(h.Mode))); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	cmd := exec.Command(filepath.Join(dir, "paird-v1.2.3-linux-here", "scripts", "install.sh"), "install")
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "DESTDIR=" + root}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("install.sh: %v\n%s", err, out)
	}
	if got := output(t, filepath.Join(root, "usr/bin/paird"), "--version"); got != "paird dev\n" {
		t.Errorf("%q", got)
	}
}

// The SBOM names the modules whose licences the notices have, in the same versions, and no others.
func testSBOM(t *testing.T, m made) {
	data, err := os.ReadFile(filepath.Join(m.Out, m.names[2]))
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	notices, err := os.ReadFile("../THIRD_PARTY_NOTICES.txt")
	if err != nil {
		t.Fatal(err)
	}
	if d.Format != "CycloneDX" || !d.Metadata.Timestamp.Equal(when) || len(d.Metadata.Component.Hashes) != 1 || len(d.Components) < 10 {
		t.Errorf("%+v", d)
	}
	for _, c := range d.Components[1:] {
		if !strings.Contains(string(notices), c.Name+" "+c.Version) || c.PURL != "pkg:golang/"+c.Name+"@"+c.Version {
			t.Errorf("%+v is not in the notices", c)
		}
	}
}

// A signature passes with its key, and not for another file; it is the same bytes each time.
func TestSignature(t *testing.T) {
	dir := t.TempDir()
	key := filepath.Join(dir, "key")
	output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "throw-away", "-f", key)
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	signers := filepath.Join(dir, "allowed_signers")
	mustWrite(t, signers, "release@paird "+string(public))
	var before []byte
	for range 2 {
		r := release{Source: source.Source{Out: t.TempDir()}, sign: key}
		mustWrite(t, filepath.Join(r.Out, "a"), "a")
		if err := r.sums([]string{"a"}); err != nil {
			t.Fatal(err)
		}
		sums := filepath.Join(r.Out, "SHA256SUMS")
		verify := func() error {
			cmd := exec.Command("ssh-keygen", "-Y", "verify", "-n", namespace, "-I", "release@paird", "-f", signers, "-s", sums+".sig")
			data, err := os.ReadFile(sums)
			cmd.Stdin = bytes.NewReader(data)
			return errors.Join(err, cmd.Run())
		}
		if err := verify(); err != nil {
			t.Errorf("a good signature: %v", err)
		}
		sig, err := os.ReadFile(sums + ".sig")
		if err != nil || before != nil && !bytes.Equal(before, sig) {
			t.Errorf("another signature of the same: %v", err)
		}
		before = sig
		mustWrite(t, sums, "other\n")
		if verify() == nil {
			t.Error("the signature passes for another file")
		}
	}
}

// Debian orders the versions as they came.
func TestDebVersion(t *testing.T) {
	order := []string{
		debVersion("2660406", 1), debVersion("4408a05-dirty", 2), debVersion("v0.1.0", 3), debVersion("v0.1.0-5-gabc1234", 4),
		debVersion("v0.2.0", 5), debVersion("v0.10.0", 6), debVersion("v1.0.0", 7),
	}
	for i, v := range order[1:] {
		output(t, "dpkg", "--compare-versions", order[i], "lt", v)
	}
	if order[0] != "0~1.2660406" || order[3] != "0.1.0+5.gabc1234" {
		t.Errorf("%q", order)
	}
}

// A package that has grown beyond its budget ends the release.
func TestFits(t *testing.T) {
	for _, test := range []struct {
		name  string
		size  int64
		quick bool
		want  bool
	}{
		{"paird_1_arm64.deb", mostDeb, false, true},
		{"paird_1_arm64.deb", mostDeb + 1, false, false},
		{"paird_1_arm64.deb", mostDeb + 1, true, true},
		{"paird-1-linux-arm64.tar.gz", mostDeb + 1, false, true},
	} {
		if err := (release{quick: test.quick}).fits(test.name, test.size); (err == nil) != test.want {
			t.Errorf("%s of %d bytes, quick %v: %v", test.name, test.size, test.quick, err)
		}
	}
}
