package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestCheckLooksAtFiles(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := parse(t, least+"client_secret_file = '"+put("secret", 0o640)+"'\nca_file = '"+put("ca", 0o644)+"'\n[hooks]\non_event = ['"+put("hook", 0o755)+"']")
	if err := good.CheckFiles(); err != nil {
		t.Errorf("good files: %v", err)
	}
	bad := parse(t, least+"client_secret_file = '"+put("open", 0o644)+"'\nca_file = '"+dir+"/none'\n[hooks]\non_event = ['"+put("text", 0o644)+"']\n"+
		"[[telemetry.sensor]]\ndriver = 'file'\nmetric = 'x'\npath = '"+dir+"'")
	got := strings.Split(bad.CheckFiles().Error(), "\n")
	want := []string{
		"auth.client_secret_file: " + dir + "/open may be read by every user (mode 0644), chmod it to 0600 or 0640 (line 4)",
		"auth.ca_file: open " + dir + "/none: no such file or directory; put the file there, or correct the path (line 5)",
		"hooks.on_event: " + dir + "/text is no program, chmod +x it or correct the path (line 7)",
		"telemetry.sensor[1].path: " + dir + " is no file, correct the path",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
