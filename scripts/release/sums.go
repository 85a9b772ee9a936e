package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// namespace is what a signature of ours is for: one made for another purpose does not pass (ssh-keygen(1), -n).
const namespace = "paird-release"

// sums writes SHA256SUMS, and SHA256SUMS.sig where there is a key.
//
// The signature is OpenSSH's: a key is one file, every Debian has the program, and a signature by Ed25519 has no time in
// it, so that it too is the same bytes each time. GnuPG's has one.
func (r release) sums(names []string) error {
	var b strings.Builder
	for _, name := range slices.Sorted(slices.Values(names)) {
		data, err := os.ReadFile(filepath.Join(r.Out, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(data), name)
	}
	path := filepath.Join(r.Out, "SHA256SUMS")
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil || r.sign == "" {
		return err
	}
	if out, err := exec.Command("ssh-keygen", "-Y", "sign", "-n", namespace, "-f", r.sign, path).CombinedOutput(); err != nil {
		return fmt.Errorf("ssh-keygen: %w: %s", err, out)
	}
	return nil
}
