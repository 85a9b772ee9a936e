package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// run calls install.sh for a tree of its own.
func run(t *testing.T, root string, args ...string) string {
	t.Helper()
	cmd := exec.Command("./install.sh", args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "DESTDIR=" + root, "PREFIX=/usr/local"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("install.sh %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// files lists what is in a tree, with modes.
func files(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		all = append(all, info.Mode().Perm().String()+" "+strings.TrimPrefix(path, root))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func TestInstallAndUninstall(t *testing.T) {
	root := t.TempDir()
	binary := filepath.Join(t.TempDir(), "paird")
	if err := os.WriteFile(binary, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(t, root, "install", binary); !strings.Contains(out, "systemctl enable --now paird") {
		t.Errorf("a first installation does not say what is next: %q", out)
	}
	want := []string{
		"-rw-r--r-- /etc/paird/paird.example.toml",
		"-rw-r--r-- /etc/paird/paird.toml",
		"-rw-r--r-- /lib/systemd/system/paird.service",
		"-rw-r--r-- /usr/lib/sysusers.d/paird.conf",
		"-rw-r--r-- /usr/local/share/doc/paird/LICENSE",
		"-rw-r--r-- /usr/local/share/doc/paird/THIRD_PARTY_NOTICES.txt",
		"-rw-r--r-- /usr/local/share/doc/paird/audio.conf.example",
		"-rw-r--r-- /usr/local/share/doc/paird/serial.conf.example",
		"-rw-r--r-- /usr/local/share/doc/paird/sim.conf.example",
		"-rw-r--r-- /usr/local/share/doc/paird/usb-printer.conf.example",
		"-rwxr-xr-x /usr/local/bin/paird",
	}
	recipes, err := filepath.Glob("../config/recipes/*.toml")
	if err != nil || len(recipes) < 20 {
		t.Fatalf("%d recipes: %v", len(recipes), err)
	}
	for _, path := range recipes {
		want = append(want, "-rw-r--r-- /usr/local/share/paird/recipes/"+filepath.Base(path))
	}
	slices.Sort(want)
	if got := files(t, root); !slices.Equal(got, want) {
		t.Errorf("installed\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	unit, err := os.ReadFile(filepath.Join(root, "lib/systemd/system/paird.service"))
	if err != nil || !strings.Contains(string(unit), "ExecStart=/usr/local/bin/paird run ") {
		t.Errorf("the unit starts another program: %v\n%s", err, unit)
	}

	conf, state := filepath.Join(root, "etc/paird/paird.toml"), filepath.Join(root, "var/lib/paird/tokens.db")
	if err := os.MkdirAll(filepath.Dir(state), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{conf, state} {
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(t, root, "install", binary)
	run(t, root, "uninstall")
	run(t, root, "uninstall")
	for _, path := range []string{conf, state} {
		if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
			t.Errorf("%s was not kept: %q %v", path, text, err)
		}
	}
	if got := files(t, root); len(got) != 2 {
		t.Errorf("left behind: %q", got)
	}
}

// On a board without Go, `make install` takes what `make cross` made elsewhere, and says what is missing where there is nothing.
func TestMakeInstallWithoutGo(t *testing.T) {
	source, root := t.TempDir(), t.TempDir()
	copied := exec.Command("cp", "-r", "--parents", "-t", source, "Makefile", "LICENSE", "config/paird.example.toml", "config/recipes", "scripts")
	copied.Dir = ".."
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	install := func() (string, error) {
		out, err := exec.Command("make", "-s", "-C", source, "install", "GO=no-go-is-here", "DESTDIR="+root).CombinedOutput()
		return string(out), err
	}
	if out, err := install(); err == nil || !strings.Contains(out, "there is no program: take a release, or copy build/paird-") {
		t.Errorf("without a program: %v: %s", err, out)
	}
	if err := os.Mkdir(filepath.Join(source, "build"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, board := range []string{"armv6", "armv7", "arm64", "riscv64", "amd64"} {
		if err := os.WriteFile(filepath.Join(source, "build", "paird-"+board), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := install(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, path := range []string{"usr/bin/paird", "lib/systemd/system/paird.service", "etc/paird/paird.toml"} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
}

// The notices are those of the modules that paird links, in their versions.
func TestNotices(t *testing.T) {
	want, err := exec.Command("./notices.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("THIRD_PARTY_NOTICES.txt")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("THIRD_PARTY_NOTICES.txt is not what is linked: run `make notices`")
	}
	for _, part := range []string{"github.com/eclipse/paho.mqtt.golang v1.5.1 (under EDL-1.0)", "Bigelow & Holmes", "go.etcd.io/bbolt ", "Go, its standard library"} {
		if !strings.Contains(string(got), part) {
			t.Errorf("%q is not there", part)
		}
	}
}

// The unit must not gain the settings that break features.
func TestUnitLeavesOutWhatBreaks(t *testing.T) {
	unit, err := os.ReadFile("paird.service")
	if err != nil {
		t.Fatal(err)
	}
	settings := map[string]string{}
	for line := range strings.Lines(string(unit)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			settings[name] = value
		}
	}
	for _, name := range []string{"PrivateUsers", "ProtectClock", "ProcSubset", "DynamicUser"} {
		if _, there := settings[name]; there {
			t.Errorf("%s is set", name)
		}
	}
	for name, want := range map[string]string{
		"Type": "notify", "WatchdogSec": "120", "TimeoutStopSec": "15", "User": "paird", "StateDirectoryMode": "0700",
		"RestartPreventExitStatus": "78", "LimitCORE": "0", "SocketBindDeny": "any", "KillMode": "control-group",
	} {
		if settings[name] != want {
			t.Errorf("%s=%s, want %s", name, settings[name], want)
		}
	}
}
