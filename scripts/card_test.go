package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// card runs card.sh for a boot partition with these files, twice: the second time nothing more is added.
func card(t *testing.T, files map[string]string) (boot, said string, code int) {
	t.Helper()
	boot = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(boot, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	package1 := filepath.Join(t.TempDir(), "paird_1.0.0_arm64.deb")
	if err := os.WriteFile(package1, []byte("a package"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cmd := exec.Command("./card.sh", boot, package1)
		out, _ := cmd.CombinedOutput()
		said, code = string(out), cmd.ProcessState.ExitCode()
	}
	return boot, said, code
}

func text(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const setup = "sh /boot/firmware/paird-setup.sh"

// What Raspberry Pi Imager has written stays, and runs the set-up too, once.
func TestCard(t *testing.T) {
	for name, test := range map[string]struct{ file, before, after string }{
		"user-data":               {"user-data", "#cloud-config\nhostname: pi\n", "#cloud-config\nhostname: pi\n\nruncmd:\n- " + setup + "\n"},
		"user-data with commands": {"user-data", "#cloud-config\nruncmd:\n  - [ rfkill, unblock, wifi ]\nusers:\n- name: me\n", "#cloud-config\nruncmd:\n  - " + setup + "\n  - [ rfkill, unblock, wifi ]\nusers:\n- name: me\n"},
		"an empty user-data":      {"user-data", "", "#cloud-config\n\nruncmd:\n- " + setup + "\n"},
		"firstrun.sh":             {"firstrun.sh", "#!/bin/bash\nset +e\nexit 0\n", "#!/bin/bash\n" + setup + " || true\nset +e\nexit 0\n"},
	} {
		t.Run(name, func(t *testing.T) {
			boot, said, code := card(t, map[string]string{"cmdline.txt": "", "config.txt": "", test.file: test.before})
			if code != 0 {
				t.Fatal(said)
			}
			if got := text(t, filepath.Join(boot, test.file)); got != test.after {
				t.Errorf("%s is now\n%s", test.file, got)
			}
			if got := text(t, filepath.Join(boot, "paird_1.0.0_arm64.deb")); got != "a package" {
				t.Error("the package was not copied")
			}
			if got := text(t, filepath.Join(boot, "paird.toml")); got != text(t, "card/paird.toml") {
				t.Error("there are no settings to edit")
			}
			if out, err := exec.Command("sh", "-n", filepath.Join(boot, "paird-setup.sh")).CombinedOutput(); err != nil {
				t.Errorf("paird-setup.sh: %s", out)
			}
		})
	}
}

// Settings that were edited stay; a folder that is no boot partition, and one of a card that boots no user, is left alone.
func TestCardLeavesAlone(t *testing.T) {
	boot, _, _ := card(t, map[string]string{"cmdline.txt": "", "config.txt": "", "user-data": "", "paird.toml": "edited"})
	if got := text(t, filepath.Join(boot, "paird.toml")); got != "edited" {
		t.Errorf("the settings are now %q", got)
	}
	for want, files := range map[string]map[string]string{
		"is no boot partition":                  {"user-data": ""},
		"has neither user-data nor firstrun.sh": {"cmdline.txt": "", "config.txt": ""},
	} {
		if _, said, code := card(t, files); code != 1 || !strings.Contains(said, want) {
			t.Errorf("exit %d: %s", code, said)
		}
	}
}
