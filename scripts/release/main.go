package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
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
	root    string    // of the project
	out     string    // where everything goes
	version string    // of the tag
	built   time.Time // of the last commit: the time of every file
	sign    string    // a private key of OpenSSH; "": not signed
	only    string    // of Debian's architectures; "": all
	quick   bool      // no SBOM and tar.gz, packages hardly compressed: for tests
}

func main() {
	r := release{}
	built := flag.Int64("built", 0, "the time of build, in seconds since 1970")
	flag.StringVar(&r.root, "root", ".", "the project's folder")
	flag.StringVar(&r.out, "o", "build/release", "where everything goes")
	flag.StringVar(&r.version, "version", "dev", "the version")
	flag.StringVar(&r.sign, "sign", "", "the OpenSSH private key that signs SHA256SUMS")
	flag.StringVar(&r.only, "only", "", "this one of Debian's architectures")
	flag.BoolVar(&r.quick, "quick", false, "for tests: packages alone, hardly compressed")
	flag.Parse()
	r.built = time.Unix(*built, 0).UTC()
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run builds everything and prints the size of each file and how long it took.
func (r release) run() error {
	if err := os.RemoveAll(r.out); err != nil {
		return err
	}
	if err := os.MkdirAll(r.out, 0o755); err != nil {
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
	cmd := exec.Command("go", "build", "-C", r.root, "-o", binary, "./cmd/paird")
	if out, err := cmd.CombinedOutput(); err != nil {
		return program{}, fmt.Errorf("go build: %w: %s", err, out)
	}
	return readManual(binary)
}

// architecture makes the files of one architecture and returns their names.
func (r release) architecture(a arch, p program) ([]string, error) {
	began := time.Now()
	if err := r.make("build/paird-" + a.build); err != nil {
		return nil, err
	}
	binary := filepath.Join(r.root, "build", "paird-"+a.build)
	files, err := r.tree(binary, p)
	if err != nil {
		return nil, err
	}
	var names []string
	steps := []func() (string, error){
		func() (string, error) { return r.deb(a, files) },
		func() (string, error) { return r.tarball(a, binary) },
		func() (string, error) { return r.sbom(a, binary) },
	}
	if r.quick {
		steps = steps[:1]
	}
	for _, one := range steps {
		name, err := one()
		if err != nil {
			return nil, err
		}
		names = append(names, name)
		info, err := os.Stat(filepath.Join(r.out, name))
		if err != nil {
			return nil, err
		}
		fmt.Printf("%-44s %9d bytes %6.1f s\n", name, info.Size(), time.Since(began).Seconds())
		if err := r.fits(name, info.Size()); err != nil {
			return nil, err
		}
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

// make runs one target of the Makefile for this version.
func (r release) make(target string) error {
	cmd := exec.Command("make", "-s", "-C", r.root, target, "VERSION="+r.version, fmt.Sprintf("BUILT=%d", r.built.Unix()))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
