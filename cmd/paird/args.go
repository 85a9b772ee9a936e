package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
)

// errHelped: help was asked for and printed, which is no failure.
var errHelped = errors.New("help was asked for")

// flags is a set of flags that has --config.
func (p *program) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	f.SetOutput(io.Discard) // errors are one line, and help goes to standard output
	f.StringVar(&p.config, "config", p.config, "the configuration `FILE`")
	return f
}

// parse reads flags wherever they stand and returns the arguments, of which there are from least to most.
func (p *program) parse(f *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var rest []string
	for {
		if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
			return nil, p.explain(f)
		} else if err != nil {
			return nil, usage("%s: %w; `paird help %s` lists the flags", f.Name(), err, f.Name())
		}
		if f.NArg() == 0 {
			break
		}
		if given := args[:len(args)-f.NArg()]; len(given) > 0 && given[len(given)-1] == "--" {
			rest = append(rest, f.Args()...)
			break
		}
		rest, args = append(rest, f.Arg(0)), f.Args()[1:]
	}
	p.given(f)
	if len(rest) < least || len(rest) > most {
		return nil, usage("%s takes %s, not %d: `paird help %s` says which", f.Name(), arguments(least, most), len(rest), f.Name())
	}
	return rest, nil
}

// given notes whether --config was given.
func (p *program) given(f *flag.FlagSet) {
	f.Visit(func(v *flag.Flag) { p.configGiven = p.configGiven || v.Name == "config" })
}

// explain prints what a command takes.
func (p *program) explain(f *flag.FlagSet) error {
	c, err := named(f.Name())
	if err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "%s\n  %s\n\n", strings.TrimSpace("paird "+c.name+" "+c.args), c.about)
	f.VisitAll(func(v *flag.Flag) {
		value, about := flag.UnquoteUsage(v)
		name := "--" + v.Name
		if len(v.Name) == 1 {
			name = "-" + v.Name
		}
		if v.DefValue != "" && v.DefValue != "false" {
			about += " (" + v.DefValue + ")"
		}
		fmt.Fprintf(p.stdout, "  %-20s %s\n", strings.TrimSpace(name+" "+value), about)
	})
	if c.example != "" {
		fmt.Fprintf(p.stdout, "\nExample: paird %s %s\n", c.name, c.example)
	}
	return errHelped
}

func arguments(least, most int) string {
	switch {
	case most == 0:
		return "no arguments"
	case least == most && least == 1:
		return "one argument"
	}
	return fmt.Sprintf("%d to %d arguments", least, most)
}

// faults is all that is wrong with a configuration; each is printed on a line of its own.
type faults []error

func (f faults) Error() string   { return errors.Join(f...).Error() }
func (f faults) Unwrap() []error { return f }

// sources are the files of the configuration.
func (p *program) sources() daemon.Sources {
	return daemon.Sources{Factory: p.factory, Boot: p.boot, File: p.config, Optional: p.config == p.usual}
}

// load reads the configuration. A fault of a file itself is an error, which then also has the faults of all
// values.
func (p *program) load() (config.Config, error) { return p.loaded(p.sources().Load()) }

// loaded makes what is wrong with a configuration that was read an error of the command line.
func (p *program) loaded(cfg config.Config, err error) (config.Config, error) {
	problems, wrong := errors.AsType[config.Problems](err)
	if err == nil {
		return cfg, nil
	}
	if wrong {
		all := faulty(p.config, cfg.Problems(problems, daemon.Check(cfg)))
		if errors.Is(err, fs.ErrPermission) {
			return cfg, append(all.(faults), errHidden)
		}
		return cfg, all
	}
	if errors.Is(err, fs.ErrPermission) {
		return cfg, usage("%w: run this as root, or let its readers in: `sudo chmod 0644` (secrets have files of their own)", err)
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok && file.Path == p.config {
		return cfg, usage("%w: write it, or name another with --config", err)
	}
	return cfg, faulty(p.config, err)
}

// errHidden goes with the faults of a configuration of which this user sees a part.
var errHidden = fmt.Errorf("the settings of the boot partition are not for this user to read, run it as root: %w", fs.ErrPermission)

// checked is load and also fails for faults of the values alone.
func (p *program) checked() (config.Config, error) { return p.sound(p.sources().Load()) }

// sound is loaded and also fails for faults of the values alone.
func (p *program) sound(cfg config.Config, err error) (config.Config, error) {
	cfg, err = p.loaded(cfg, err)
	if err == nil {
		err = faulty(p.config, daemon.Check(cfg))
	}
	return cfg, err
}

// faulty returns err as faults of the file at path, nil for nil.
func faulty(path string, errs ...error) error {
	var all faults
	for _, err := range errs {
		problems, ok := errors.AsType[config.Problems](err)
		switch {
		case ok:
			for _, one := range problems {
				all = append(all, fmt.Errorf("%s: %w", cmp.Or(one.File, path), one))
			}
		case err != nil:
			all = append(all, fmt.Errorf("%s: %w", path, err))
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// closed reports whether the usual configuration, or the boot partition's part of any, is there and not for this user to read: the
// socket is known all the same.
func (p *program) closed(cfg config.Config, err error) bool {
	return errors.Is(err, fs.ErrPermission) && (!p.configGiven || cfg.Control.Socket != "")
}

// daemonOf is a client of the daemon of cfg, of which the socket may not be known.
func (p *program) daemonOf(cfg config.Config) *control.Client {
	return control.NewClient(cmp.Or(cfg.Control.Socket, p.socket))
}

// unconfigured reports whether no daemon is configured here: no --config, and no file where it would be.
func (p *program) unconfigured() bool {
	_, err := os.Stat(p.config)
	return !p.configGiven && errors.Is(err, fs.ErrNotExist)
}
