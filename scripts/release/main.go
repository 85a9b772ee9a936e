package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/paird/paird/scripts/internal/source"
)

// arch is one row of what is built.
type arch struct {
	build  string // the Makefile's name: build/paird-armv6
	debian string // of dpkg
}

// architectures are those of Debian that boards have. armhf holds ARMv6 code: Raspberry Pi OS runs it on a Pi Zero.
func architectures() []arch {
	return []arch{{"armv6", "armhf"}, {"arm64", "arm64"}, {"amd64", "amd64"}, {"riscv64", "riscv64"}}
}

// release is one call of this program.
type release struct {
	source.Source
	sign  string // a private key of OpenSSH; "": not signed
	only  string // of Debian's architectures; "": all
	quick bool   // no SBOM and tar.gz, packages hardly compressed: for tests
}

func main() {
	r := release{}
	r.Flags(flag.CommandLine, "build/release")
	flag.StringVar(&r.sign, "sign", "", "the OpenSSH private key that signs SHA256SUMS")
	flag.StringVar(&r.only, "only", "", "this one of Debian's architectures")
	flag.BoolVar(&r.quick, "quick", false, "for tests: packages alone, hardly compressed")
	flag.Parse()
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run builds everything and prints the size of each file and how long it took.
func (r release) run() error {
	if err := os.RemoveAll(r.Out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.Out, 0o755); err != nil {
		return err
	}
	p, err := r.manual()
	if err != nil {
		return err
	}
	var names []string
	for _, a := range architectures() {
		if r.only != "" && r.only != a.debian {
			continue
		}
		made, err := r.architecture(a, p)
		if err != nil {
			return fmt.Errorf("%s: %w", a.build, err)
		}
		names = append(names, made...)
	}
	return r.sums(names)
}

// manual is the help of the program, built for this machine.
func (r release) manual() (program, error) {
	dir, err := os.MkdirTemp("", "paird-help")
	if err != nil {
		return program{}, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "paird")
	cmd := exec.Command("go", "build", "-C", r.Root, "-o", binary, "./cmd/paird")
	if out, err := cmd.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("go build: %w: %s", err, out)
	}
	return readManual(binary)
}

// architecture makes the files of one architecture and returns their names.
func (r release) architecture(a arch, p program) (names []string, err error) {
	binary, err := r.Program(a.build)
	if err != nil {
		return nil, err
	}
	files, err := r.tree(binary, p)
	if err != nil {
		return nil, err
	}
	steps := []func() (string, error){
		func() (string, error) { return r.deb(a, files) },
		func() (string, error) { return r.tarball(a, binary) },
		func() (string, error) { return r.sbom(a, binary) },
	}
	if r.quick {
		steps = steps[:1]
	}
	for _, step := range steps {
		began := time.Now()
		name, err := step()
		if err != nil {
			return nil, err
		}
		size, err := source.Print(filepath.Join(r.Out, name), time.Since(began))
		if err := errors.Join(err, r.fits(name, size)); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

const mostDeb = 3_200_000 // bytes of a package

// fits holds a package to its size.
func (r release) fits(name string, size int64) error {
	if !r.quick && filepath.Ext(name) == ".deb" && size > mostDeb {
		return fmt.Errorf("%s has %d bytes, %d at most", name, size, mostDeb)
	}
	return nil
}
