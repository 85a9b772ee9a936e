package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

const (
	instanceName = "paird"
	cardBytes    = 1258299392 // the least that gokrazy takes: boot, two roots, and 100 MB for the state
	startPackage = "github.com/paird/paird/scripts/image/start"
)

// An instanceConfig is gokrazy's config.json, as far as this image needs it.
type instanceConfig struct {
	Hostname             string
	SerialConsole        string
	Update               update
	Packages             []string
	PackageConfig        map[string]packageConfig
	GokrazyPackages      []string
	KernelPackage        string
	FirmwarePackage      string
	EEPROMPackage        string
	BootloaderExtraLines []string
	MountDevices         []mount
}

// With NoPassword there is no password in the image, and gokrazy's web server opens no TCP port.
type update struct{ NoPassword bool }

type packageConfig struct {
	ExtraFilePaths    map[string]string `json:",omitempty"`
	ExtraFileContents map[string]string `json:",omitempty"`
}

type mount struct{ Source, Type, Target, Options string }

// config is the instance. extra are files of the build machine, by their path on the board.
func config(extra map[string]string) instanceConfig {
	return instanceConfig{
		Hostname:        instanceName,
		SerialConsole:   "disabled",
		Update:          update{NoPassword: true},
		Packages:        []string{startPackage},
		GokrazyPackages: []string{"github.com/gokrazy/gokrazy/cmd/dhcp", "github.com/gokrazy/gokrazy/cmd/ntp", "github.com/gokrazy/gokrazy/cmd/randomd"},
		KernelPackage:   "github.com/gokrazy/kernel.rpi",
		FirmwarePackage: "github.com/gokrazy/firmware",
		PackageConfig: map[string]packageConfig{startPackage: {
			ExtraFilePaths:    extra,
			ExtraFileContents: map[string]string{bootFolder + "/not-mounted": "The card's boot partition is mounted here.\n"},
		}},
		BootloaderExtraLines: []string{"dtparam=i2c_arm=on", "dtparam=spi=on"},
		MountDevices:         []mount{{"PARTUUID=" + partition(instanceName, 1), "vfat", bootFolder, "ro,nosuid,nodev,noexec,umask=0022"}},
	}
}

// bootFolder is where the boot partition is on Raspberry Pi OS, and here.
const bootFolder = "/boot/firmware"

// instance writes what gokrazy builds from: the settings, the pinned versions, and paird as `make` builds it for a
// release. No path of this machine is in it, since gokrazy lists all of it in the image's SBOM.
func (m image) instance() error {
	if _, err := m.Program("arm64"); err != nil {
		return err
	}
	dir := filepath.Join(m.work, instanceName)
	extra, err := m.extra()
	if err != nil {
		return err
	}
	in := map[string]string{}
	for at, name := range extra {
		in[at] = filepath.Join("files", at)
		if err := copyInto(filepath.Join(dir, "files", filepath.Dir(at)), name); err != nil {
			return err
		}
		if err := os.Rename(filepath.Join(dir, "files", filepath.Dir(at), filepath.Base(name)), filepath.Join(dir, in[at])); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(dir, in["/usr/bin/paird"]), 0o755); err != nil {
		return err
	}
	here := filepath.Join(m.Root, "scripts", "image")
	if err := copyInto(filepath.Join(dir, "builddir"), filepath.Join(here, "gokrazy", "go.mod"), filepath.Join(here, "gokrazy", "go.sum")); err != nil {
		return err
	}
	start := filepath.Join(dir, "builddir", startPackage)
	if err := copyInto(start, filepath.Join(here, "start", "main.go")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(start, "go.mod"), []byte("module "+startPackage+"\n\ngo 1.26.0\n"), 0o644); err != nil {
		return err
	}
	text, err := json.MarshalIndent(config(in), "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), text, 0o644)
}

// extra lists the files of this machine that go into the root file system, by their path there.
func (m image) extra() (map[string]string, error) {
	files := map[string]string{
		"/usr/bin/paird":               filepath.Join(m.Root, "build", "paird-arm64"),
		"/usr/share/doc/paird/LICENSE": filepath.Join(m.Root, "LICENSE"),
	}
	if m.factory == "" {
		return files, nil
	}
	entries, err := os.ReadDir(m.factory)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		at := "/usr/lib/paird/"
		if filepath.Ext(e.Name()) == ".toml" {
			at += "conf.d/"
		}
		files[at+e.Name()] = filepath.Join(m.factory, e.Name())
	}
	return files, nil
}

// copyInto copies files to a folder, which it makes.
func copyInto(dir string, names ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
