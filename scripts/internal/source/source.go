// Package source is what the programs that make a release and an image share: the source that they build, as one version of it.
package source

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Source is this project's source, and where what is made of it goes.
type Source struct {
	Root    string    // the project's folder
	Out     string    // where everything goes
	Version string    // of the tag
	Built   time.Time // of the last commit: the time of every file that is made
}

// Flags defines the flags of s; out is where everything goes without one.
func (s *Source) Flags(flags *flag.FlagSet, out string) {
	s.Built = time.Unix(0, 0).UTC()
	flags.StringVar(&s.Root, "root", ".", "the project's folder")
	flags.StringVar(&s.Out, "o", out, "where everything goes")
	flags.StringVar(&s.Version, "version", "dev", "the version")
	flags.Func("built", "the time of build, in seconds since 1970", func(text string) error {
		seconds, err := strconv.ParseInt(text, 10, 64)
		s.Built = time.Unix(seconds, 0).UTC()
		return err
	})
}

// Program builds paird for a board, such as armv6, by the Makefile; it prints its size and returns its path.
func (s Source) Program(board string) (string, error) {
	began, target := time.Now(), "build/paird-"+board
	cmd := exec.Command("make", "-s", "-C", s.Root, target, "VERSION="+s.Version, fmt.Sprintf("BUILT=%d", s.Built.Unix()))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make %s: %w\n%s", target, err, strings.TrimSpace(string(out)))
	}
	file := filepath.Join(s.Root, target)
	_, err := Print(file, time.Since(began))
	return file, err
}

// Print says how large a file is that was made, and how long that took; it returns the size in bytes.
func Print(file string, took time.Duration) (int64, error) {
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	fmt.Printf("%-44s %10d bytes %6.1f s\n", filepath.Base(file), info.Size(), took.Seconds())
	return info.Size(), nil
}
