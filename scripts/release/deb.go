package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// debVersion is the version as Debian orders it: that of a tag v1.2.3 is 1.2.3, of commits after it 1.2.3+N.gHASH. A
// commit without any tag before it sorts below all of them, by its time.
func debVersion(version string, built int64) string {
	v := strings.TrimPrefix(version, "v")
	if v == "" || v[0] < '0' || v[0] > '9' || !strings.Contains(v, ".") {
		return fmt.Sprintf("0~%d.%s", built, strings.ReplaceAll(version, "-", "."))
	}
	v, more, found := strings.Cut(v, "-")
	if found {
		v += "+" + strings.ReplaceAll(more, "-", ".")
	}
	return v
}

// control is the control file. Installed-Size is in KiB.
func (r release) control(a arch, files []file) string {
	size := 0
	for _, f := range files {
		size += len(f.data)
	}
	return fmt.Sprintf(`Package: paird
Version: %s
Architecture: %s
Maintainer: paird developers <paird@localhost>
Installed-Size: %d
Depends: systemd | systemd-standalone-sysusers
Recommends: ca-certificates
Section: net
Priority: optional
Description: pair a board that has no keyboard with its owner's account
 paird runs the device side of the OAuth 2.0 Device Authorization Grant
 (RFC 8628): it shows a user code and a QR code on a small panel, keeps the
 tokens through power cuts and uses them for MQTT telemetry.
`, debVersion(r.Version, r.Built.Unix()), a.debian, (size+1023)/1024)
}

// deb makes the Debian package of one architecture.
func (r release) deb(a arch, files []file) (string, error) {
	stage, err := os.MkdirTemp("", "paird-deb")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(stage)
	all := append(files[:len(files):len(files)],
		file{"DEBIAN/control", 0o644, []byte(r.control(a, files))},
		file{"DEBIAN/conffiles", 0o644, []byte("/etc/paird/paird.toml\n")})
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		data, err := os.ReadFile(filepath.Join(r.Root, "scripts", "debian", script))
		if err != nil {
			return "", err
		}
		all = append(all, file{"DEBIAN/" + script, 0o755, data})
	}
	if err := r.write(stage, all); err != nil {
		return "", err
	}
	name := fmt.Sprintf("paird_%s_%s.deb", debVersion(r.Version, r.Built.Unix()), a.debian)
	level := "-z9"
	if r.quick {
		level = "-z0"
	}
	cmd := exec.Command("dpkg-deb", "--root-owner-group", "-Zxz", level, "--build", stage, filepath.Join(r.Out, name))
	cmd.Env = append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.Built.Unix()))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("dpkg-deb: %w: %s", err, out)
	}
	return name, nil
}

// write puts files below a folder, all with the time of the build and modes that no umask changes.
func (r release) write(dir string, files []file) error {
	for _, f := range files {
		path := filepath.Join(dir, f.path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.data, f.mode); err != nil {
			return err
		}
		if err := os.Chmod(path, f.mode); err != nil {
			return err
		}
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if err := os.Chmod(path, 0o755); err != nil {
				return err
			}
		}
		return os.Chtimes(path, r.Built, r.Built)
	})
}
