package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// unpacked are the files of a tar.gz: what scripts/install.sh needs to install without Go, and what to read.
func unpacked() []string {
	return []string{"LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md", "config/paird.example.toml", "config/*.md", "config/recipes/*.toml",
		"agent/control/*.md", "scripts/install.sh", "scripts/paird.service", "scripts/paird.sysusers", "scripts/paird.toml",
		"scripts/THIRD_PARTY_NOTICES.txt", "scripts/paird.service.d/*", "scripts/examples/*/*"}
}

// tarball makes the tar.gz of one architecture, for systems without dpkg.
func (r release) tarball(a arch, binary string) (string, error) {
	top := fmt.Sprintf("paird-%s-linux-%s", r.Version, a.build)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	paths := []string{}
	for _, pattern := range unpacked() {
		found, err := filepath.Glob(filepath.Join(r.Root, pattern))
		if err != nil {
			return "", err
		}
		paths = append(paths, found...)
	}
	slices.Sort(paths)
	if err := r.entry(w, top+"/paird", binary); err != nil {
		return "", err
	}
	for _, path := range paths {
		name, err := filepath.Rel(r.Root, path)
		if err != nil {
			return "", err
		}
		if err := r.entry(w, top+"/"+filepath.ToSlash(name), path); err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return top + ".tar.gz", os.WriteFile(filepath.Join(r.Out, top+".tar.gz"), gzipped(b.String()), 0o644)
}

// entry adds one file, with the modes and owner that every machine gives it.
func (r release) entry(w *tar.Writer, name, path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	mode := int64(0o644)
	if strings.HasSuffix(name, ".sh") || strings.HasSuffix(name, "/paird") {
		mode = 0o755
	}
	h := &tar.Header{Name: name, Mode: mode, Size: int64(len(data)), ModTime: r.Built, Format: tar.FormatPAX}
	if err := w.WriteHeader(h); err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}
