package main

import (
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/paird/paird/scripts/internal/source"
)

// image is one call of this program.
type image struct {
	source.Source
	factory  string   // a folder of the maker's: *.toml are factory values, other files lie beside; "": none
	settings string   // paird.toml of the boot partition; "": the one of scripts/card
	raw      bool     // the image alone, not compressed
	work     string   // temporary
	env      []string // of the commands that are run
}

func main() {
	m := image{}
	m.Flags(flag.CommandLine, "build/image")
	flag.StringVar(&m.factory, "factory", "", "a folder: its *.toml are factory values of paird, its other files lie beside them in /usr/lib/paird")
	flag.StringVar(&m.settings, "settings", "", "the paird.toml of the boot partition, in place of the one with every line commented out")
	flag.BoolVar(&m.raw, "raw", false, "for tests: the image alone, not compressed")
	flag.Parse()
	if err := m.run(); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

// run builds the image, prints the size of each file and how long it took.
func (m image) run() (err error) {
	for _, dir := range []*string{&m.Root, &m.Out} {
		if *dir, err = filepath.Abs(*dir); err != nil {
			return err
		}
	}
	if m.work, err = os.MkdirTemp("", "paird-image"); err != nil {
		return err
	}
	defer os.RemoveAll(m.work)
	if m.env, err = m.environment(); err != nil {
		return err
	}
	if err := os.MkdirAll(m.Out, 0o755); err != nil {
		return err
	}
	raw := filepath.Join(m.Out, fmt.Sprintf("paird_%s_arm64.img", m.Version))
	began := time.Now()
	if err := m.build(raw); err != nil {
		return err
	}
	if _, err := source.Print(raw, time.Since(began)); err != nil || m.raw {
		return err
	}
	state, _, err := extent(raw, 4)
	if err != nil {
		return err
	}
	if err := errors.Join(pack(raw, raw+".gz", cardBytes), pack(raw, strings.TrimSuffix(raw, ".img")+"_update.img.gz", state)); err != nil {
		return err
	}
	fmt.Println("Boards: Raspberry Pi 3, 4, 5, Zero 2 W. Ethernet only (Zero 2 W: by a USB adapter): there is no Wi-Fi in this image.")
	return nil
}

// build makes the raw image.
func (m image) build(raw string) error {
	if err := os.RemoveAll(raw); err != nil {
		return err
	}
	if err := m.instance(); err != nil {
		return err
	}
	gok, err := m.packer()
	if err != nil {
		return err
	}
	cmd := exec.Command(gok, "--parent_dir="+m.work, "-i", instanceName, "overwrite", "--full="+raw,
		fmt.Sprintf("--target_storage_bytes=%d", cardBytes), "--sudo=never")
	if err := m.quietly(cmd); err != nil {
		return err
	}
	return m.card(raw)
}

// quietly runs a command away from the caller's own settings of gokrazy, and shows its output only if it fails.
func (m image) quietly(cmd *exec.Cmd) error {
	cmd.Env = m.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, out)
	}
	return nil
}

// environment is this process's, with a home of its own: neither ~/.config/gokrazy nor a GOFLAGS of the machine
// gets into the image.
func (m image) environment() ([]string, error) {
	env := append(os.Environ(), "HOME="+filepath.Join(m.work, "home"), "TMPDIR="+m.work, "TZ=UTC", "GOFLAGS=-trimpath -buildvcs=false",
		"GOARCH=arm64", "CGO_ENABLED=0", "GOWORK=off",
		fmt.Sprintf("SOURCE_DATE_EPOCH=%d", m.Built.Unix()), fmt.Sprintf("E2FSPROGS_FAKE_TIME=%d", m.Built.Unix()))
	names := []string{"GOPATH", "GOMODCACHE", "GOCACHE"}
	values, err := exec.Command("go", append([]string{"env"}, names...)...).Output() // a line each
	if err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	for i, value := range strings.Split(strings.TrimSpace(string(values)), "\n") {
		env = append(env, names[i]+"="+value)
	}
	return env, nil
}

// pack compresses the first n bytes of the image; programs that write cards read gzip. Written over a card, what ends
// before the state updates the board.
func pack(raw, packed string, n int64) error {
	began := time.Now()
	in, err := os.Open(raw)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(packed)
	if err != nil {
		return err
	}
	defer out.Close()
	z, err := gzip.NewWriterLevel(out, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := io.CopyN(z, in, n); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	_, err = source.Print(packed, time.Since(began))
	return err
}
