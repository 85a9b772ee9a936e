package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/paird/paird/config"
)

const defaultConfig = "/etc/paird/paird.toml"

// flags is a set with --config in it.
func (p *program) flags(name string) *flag.FlagSet {
	f := flag.NewFlagSet("paird "+name, flag.ContinueOnError)
	f.SetOutput(p.stderr)
	f.StringVar(&p.config, "config", defaultConfig, "the configuration `FILE`")
	return f
}

// parse reads flags wherever they stand and returns the arguments, of which there are from least to most.
func (p *program) parse(f *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var rest []string
	for {
		if err := f.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, &exit{0, err}
			}
			return nil, &exit{exitUsage, fmt.Errorf("%s: %w", f.Name(), err)}
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
	f.Visit(func(v *flag.Flag) { p.configGiven = p.configGiven || v.Name == "config" })
	if len(rest) < least || len(rest) > most {
		return nil, usage("%s takes %s: paird help says which", f.Name(), arguments(least, most))
	}
	return rest, nil
}

func arguments(least, most int) string {
	switch {
	case most == 0:
		return "no arguments"
	case least == most && least == 1:
		return "one argument"
	case least == most:
		return fmt.Sprintf("%d arguments", least)
	}
	return fmt.Sprintf("%d to %d arguments", least, most)
}

// load reads the configuration. All that is wrong is said, one line each.
func (p *program) load() (config.Config, error) {
	cfg, err := config.Load(p.config)
	if err == nil {
		return cfg, nil
	}
	problems, ok := errors.AsType[config.Problems](err)
	if !ok {
		return cfg, &exit{exitUsage, err}
	}
	lines := make([]string, len(problems))
	for i, one := range problems {
		lines[i] = p.config + ": " + one.Error()
	}
	return cfg, &exit{exitUsage, errors.New(strings.Join(lines, "\npaird: "))}
}

// unconfigured reports whether nobody has configured a daemon here: no --config, and no file where it would be.
func (p *program) unconfigured() bool {
	_, err := os.Stat(p.config)
	return !p.configGiven && errors.Is(err, fs.ErrNotExist)
}
