package hal

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestIdentify(t *testing.T) {
	valid := regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	for _, c := range []struct {
		name, model, serial, machine string
		want                         string // "" = some valid id that is none of the inputs
	}{
		{"a Raspberry Pi", "Raspberry Pi Zero W Rev 1.1\x00", "00000000abcdef01\x00", "", "00000000abcdef01"},
		{"an odd serial", "", "AB cd/12\x00", "", "ABcd12"},
		{"a blank serial", "", "0000000000000000\x00", "0123456789abcdef0123456789abcdef\n", ""},
		{"a machine id", "", "", "0123456789abcdef0123456789abcdef\n", ""},
		{"an uninitialized machine", "", "", "uninitialized\n", ""},
		{"nothing", "", "", "", ""},
	} {
		root := t.TempDir()
		for name, text := range map[string]string{"proc/device-tree/model": c.model, "proc/device-tree/serial-number": c.serial, "etc/machine-id": c.machine} {
			if text == "" {
				continue
			}
			file := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		id, model := identify(root)
		again, _ := identify(root)
		stable := c.machine == "0123456789abcdef0123456789abcdef\n" || c.want != ""
		if !valid.MatchString(id) || c.want != "" && id != c.want || stable != (id == again) || id+"\n" == c.machine {
			t.Errorf("%s: id %q, again %q", c.name, id, again)
		}
		if c.model != "" && model != "Raspberry Pi Zero W Rev 1.1" {
			t.Errorf("%s: model %q", c.name, model)
		}
	}
}
