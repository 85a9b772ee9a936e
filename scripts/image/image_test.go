package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/scripts/internal/source"
)

// The image has no password and no way in: without one gokrazy opens no TCP port, and the root file system holds what is
// listed here and nothing of the build machine's.
func TestNoWayIn(t *testing.T) {
	m := image{Source: source.Source{Root: "/src"}}
	extra, err := m.extra()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(config(extra))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Update":{"NoPassword":true}`, `"SerialConsole":"disabled"`, `"EEPROMPackage":""`, `"ro,nosuid,nodev,noexec,umask=0022"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	for _, program := range []string{"breakglass", "serial-busybox", "heartbeat", "HTTPPassword"} {
		if strings.Contains(string(text), program) {
			t.Errorf("%s is in %s", program, text)
		}
	}
	if len(extra) != 2 || extra["/usr/bin/paird"] != "/src/build/paird-arm64" {
		t.Errorf("files: %v", extra)
	}
}

// A maker's folder: its *.toml are factory values, all else lies beside them.
func TestFactory(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"product.toml", "ca.pem"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	extra, err := image{Source: source.Source{Root: "/src"}, factory: dir}.extra()
	if err != nil {
		t.Fatal(err)
	}
	for at, name := range map[string]string{"/usr/lib/paird/conf.d/product.toml": "product.toml", "/usr/lib/paird/ca.pem": "ca.pem"} {
		if extra[at] != filepath.Join(dir, name) {
			t.Errorf("%s is %q", at, extra[at])
		}
	}
}

// The GUID is what gokrazy's packer gives a host of that name: the kernel's command line of an image had this one.
func TestPartition(t *testing.T) {
	if got := partition("paird", 1); got != "60c24cc1-f3f9-427a-8199-749afd4f0001" {
		t.Error(got)
	}
}

func TestExtent(t *testing.T) {
	raw := make([]byte, 4*sector)
	copy(raw[sector:], "EFI PART")
	entry := raw[2*sector+3*128:]
	binary.LittleEndian.PutUint64(entry[32:], 100)
	binary.LittleEndian.PutUint64(entry[40:], 109)
	name := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(name, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	if start, size, err := extent(name, 4); start != 100*sector || size != 10*sector || err != nil {
		t.Error(start, size, err)
	}
	if _, _, err := extent(name, 1); err == nil {
		t.Error("a partition that is not there")
	}
	if err := os.WriteFile(name, make([]byte, 4*sector), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, _, err := extent(name, 1); err == nil {
		t.Error("a file without a GPT")
	}
}

// Where the packer's source has another form, its clock would get into the image: that is an error.
func TestFix(t *testing.T) {
	dir := t.TempDir()
	packer := map[string]string{
		"write.go":         "a(time.Now()); b(st.ModTime())",
		"packerprepare.go": "c(time.Now())",
		"sbom.go":          "Path: config.InstanceConfigPath(), Path: fi.FromHost",
		"cacerts_linux.go": `"/etc/ssl/certs/ca-certificates.crt"`,
	}
	for name, text := range packer {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	m := image{Source: source.Source{Built: time.Unix(1_790_000_000, 0)}}
	if err := m.fix(dir); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "write.go"))
	if err != nil || string(b) != "a(epoch(nil)); b(epoch(st))" {
		t.Errorf("%s, %v", b, err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "epoch.go")); err != nil || !strings.Contains(string(b), "time.Unix(1790000000, 0)") {
		t.Errorf("%s, %v", b, err)
	}
	if err := m.fix(dir); err == nil {
		t.Error("a source without a clock")
	}
}
