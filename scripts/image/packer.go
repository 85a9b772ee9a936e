package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const toolsModule = "github.com/gokrazy/tools"

// packer builds gokrazy's gok for this machine. In a copy of the pinned module, the time of every file is the time of
// build in place of now, and the certificates are those of golang.org/x/crypto in place of this machine's.
func (m image) packer() (gok string, err error) {
	pins := filepath.Join(m.Root, "scripts", "image", "gokrazy")
	dir := filepath.Join(m.work, "gok")
	if err := copyInto(dir, filepath.Join(pins, "go.mod"), filepath.Join(pins, "go.sum")); err != nil {
		return "", err
	}
	source, err := output(dir, "go", "list", "-m", "-f", "{{.Dir}}", toolsModule)
	if err != nil {
		return "", err
	}
	if source == "" { // not in the module cache yet
		if _, err := output(dir, "go", "mod", "download", toolsModule); err != nil {
			return "", err
		}
		if source, err = output(dir, "go", "list", "-m", "-f", "{{.Dir}}", toolsModule); err != nil {
			return "", err
		}
	}
	changed := filepath.Join(m.work, "tools")
	if err := os.CopyFS(changed, os.DirFS(source)); err != nil {
		return "", err
	}
	if err := m.fix(filepath.Join(changed, "internal", "packer")); err != nil {
		return "", err
	}
	if _, err := output(dir, "go", "mod", "edit", "-replace", toolsModule+"="+changed); err != nil {
		return "", err
	}
	gok = filepath.Join(m.work, "bin", "gok")
	_, err = output(dir, "go", "build", "-trimpath", "-buildvcs=false", "-o", gok, toolsModule+"/cmd/gok")
	return gok, err
}

// fix replaces the clock, the paths of this machine and its certificates in the packer's source. A version whose source
// has another form is an error, and no image that differs from build to build.
func (m image) fix(dir string) error {
	epoch := fmt.Sprintf(`package packer

import (
	"io/fs"
	"strings"
	"time"
)

func epoch(fs.FileInfo) time.Time { return time.Unix(%d, 0).UTC() }

func below(path string) string { return strings.TrimPrefix(path, %q) }
`, m.Built.Unix(), m.work+"/")
	if err := os.WriteFile(filepath.Join(dir, "epoch.go"), []byte(epoch), 0o644); err != nil {
		return err
	}
	for name, texts := range map[string][]string{
		"write.go":         {"time.Now()", "epoch(nil)", "st.ModTime()", "epoch(st)"},
		"packerprepare.go": {"time.Now()", "epoch(nil)"},
		"sbom.go":          {"Path: config.InstanceConfigPath()", "Path: below(config.InstanceConfigPath())", "Path: fi.FromHost", "Path: below(fi.FromHost)"},
		"cacerts_linux.go": {`"/etc/`, `"/nowhere/etc/`},
	} {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := 0; i < len(texts); i += 2 {
			if !strings.Contains(string(b), texts[i]) {
				return fmt.Errorf("%s of %s has no %s", name, toolsModule, texts[i])
			}
		}
		if err := os.Chmod(path, 0o644); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(strings.NewReplacer(texts...).Replace(string(b))), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// output runs a command in a folder and returns what it prints, without the last line's end.
func output(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}
