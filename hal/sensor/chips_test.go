package sensor

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDS18B20 has the temperatures of the datasheet's table 1 as w1_therm writes them.
func TestDS18B20(t *testing.T) {
	write := func(root, id, text string) {
		dir := filepath.Join(root, "sys/bus/w1/devices", id)
		if err := errors.Join(os.MkdirAll(dir, 0o755), os.WriteFile(filepath.Join(dir, "w1_slave"), []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	w1 := func(scratchpad, verdict, temperature string) string {
		return scratchpad + " : crc=00 " + verdict + "\n" + scratchpad + " t=" + temperature + "\n"
	}
	for name, c := range map[string]struct {
		text string
		want float64
		err  string
	}{
		"+125":        {w1("d0 07 4b 46 7f ff 10 10 00", "YES", "125000"), 125, ""},
		"-10.125":     {w1("5e ff 4b 46 7f ff 02 10 00", "YES", "-10125"), -10.125, ""},
		"+85":         {w1("50 05 4b 46 7f ff 10 10 00", "YES", "85000"), 85, ""},
		"powered on":  {w1("50 05 4b 46 7f ff 0c 10 00", "YES", "85000"), 0, "lost its power"},
		"broken wire": {w1("ff ff ff ff ff ff ff ff ff", "NO", "-62"), 0, "checksum"},
		"no number":   {w1("d0 07 4b 46 7f ff 10 10 00", "YES", "hot"), 0, "no temperature"},
		"empty":       {"", 0, "checksum"},
	} {
		root := t.TempDir()
		write(root, "28-0316a2794c2f", c.text)
		s, err := New(Options{Driver: "ds18b20"})
		if err != nil {
			t.Fatal(err)
		}
		s.root = root
		values, err := s.Read(t.Context())
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %q", name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		near(t, values, "temperature", c.want, 0)
	}
	root := t.TempDir()
	one, _ := New(Options{Driver: "ds18b20"})
	one.root = root
	if _, err := one.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("none there: %v", err)
	}
	write(root, "28-000000000001", w1("d0 07 4b 46 7f ff 10 10 00", "YES", "1000"))
	write(root, "28-000000000002", w1("d0 07 4b 46 7f ff 10 10 00", "YES", "2000"))
	if _, err := one.Read(t.Context()); err == nil || !strings.Contains(err.Error(), "2 of them") {
		t.Errorf("two there: %v", err)
	}
	two, _ := New(Options{Driver: "ds18b20", ID: "28-000000000002"})
	two.root = root
	if values, err := two.Read(t.Context()); err != nil || values["temperature"] != 2 {
		t.Errorf("by id: %v, %v", values, err)
	}
}
