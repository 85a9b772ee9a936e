package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
)

// file is one file of a package.
type file struct {
	path string // below the root of the system, without the leading slash
	mode os.FileMode
	data []byte
}

// shipped are the files of the project that a package holds, by where they go.
func shipped() map[string]string {
	return map[string]string{
		"usr/lib/systemd/system/paird.service": "scripts/paird.service",
		"usr/lib/sysusers.d/paird.conf":        "scripts/paird.sysusers",
		"usr/share/doc/paird/copyright":        "LICENSE",
		"usr/share/doc/paird/NOTICES.txt":      "scripts/THIRD_PARTY_NOTICES.txt",
		"usr/share/doc/paird/README.md":        "README.md",
		"usr/share/doc/paird/SECURITY.md":      "SECURITY.md",
		"usr/share/doc/paird/CHANGELOG.md":     "CHANGELOG.md",
		"usr/share/doc/paird/config":           "config/*.md",
		"usr/share/doc/paird/agent/control":    "agent/control/*.md",
		"usr/share/paird/paird.example.toml":   "config/paird.example.toml",
		"etc/paird/paird.toml":                 "scripts/paird.toml",
		"usr/share/paird/recipes":              "config/recipes/*.toml",
		"usr/share/paird/paird.service.d":      "scripts/paird.service.d/*",
		"usr/share/paird/examples/printer":     "scripts/examples/printer/*",
		"usr/share/paird/examples/calls":       "scripts/examples/calls/*",
	}
}

// tree is everything a Debian package installs.
func (r release) tree(binary string, p program) ([]file, error) {
	b, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	example, err := os.ReadFile(filepath.Join(r.Root, "config", "paird.example.toml"))
	if err != nil {
		return nil, err
	}
	all := []file{
		{"usr/bin/paird", 0o755, b},
		{"usr/share/man/man1/paird.1.gz", 0o644, gzipped(p.page(r.Version, r.Built))},
		{"usr/share/man/man5/paird.toml.5.gz", 0o644, gzipped(configPage(string(example), r.Version, r.Built))},
		{"usr/share/bash-completion/completions/paird", 0o644, []byte(p.bash())},
		{"usr/share/zsh/vendor-completions/_paird", 0o644, []byte(p.zsh())},
		{"usr/share/fish/vendor_completions.d/paird.fish", 0o644, []byte(p.fish())},
	}
	for to, from := range shipped() {
		names, err := filepath.Glob(filepath.Join(r.Root, from))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			at := to
			if filepath.Base(from)[0] == '*' {
				at = filepath.Join(to, filepath.Base(name))
			}
			all = append(all, file{at, 0o644, data})
		}
	}
	return all, nil
}

// gzipped is text compressed by gzip, without a name or a time in it.
func gzipped(text string) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is one that there is
	}
	_, _ = z.Write([]byte(text)) // a buffer takes all
	_ = z.Close()
	return b.Bytes()
}
