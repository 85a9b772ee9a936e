package main

import (
	"fmt"
	"strings"
)

// flagsOf are the names of a command's flags.
func (c command) flagsOf() []string {
	var names []string
	for _, o := range c.flags {
		names = append(names, o.name)
	}
	return names
}

func (p program) names() []string {
	var names []string
	for _, c := range p.commands {
		names = append(names, c.name)
	}
	return names
}

// candidates are the words that may stand after a command.
func (p program) candidates(c command) []string {
	if c.name == "help" {
		return p.names()
	}
	return append(c.words(), c.flagsOf()...)
}

// bash completes commands, then flags; after a flag that takes a file, files.
func (p program) bash() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# bash completion of paird\n_paird() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=%q i\n", strings.Join(p.names(), " "))
	b.WriteString("\tcase $before in\n\t--config|--exec|--bundle|-o) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n\tesac\n")
	b.WriteString("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n")
	for _, c := range p.commands {
		fmt.Fprintf(&b, "\t\t%s) words=%q; break ;;\n", c.name, strings.Join(p.candidates(c), " "))
	}
	b.WriteString("\t\tesac\n\tdone\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\ncomplete -F _paird paird\n")
	return b.String()
}

// zsh is a function for zsh's fpath.
func (p program) zsh() string {
	var b strings.Builder
	b.WriteString("#compdef paird\n_paird() {\n\tlocal -a commands\n\tcommands=(\n")
	for _, c := range p.commands {
		fmt.Fprintf(&b, "\t\t%s\n", single(c.name+":"+strings.ReplaceAll(c.about, ":", `\:`)))
	}
	b.WriteString("\t)\n\tif ((CURRENT == 2)); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, c := range p.commands {
		fmt.Fprintf(&b, "\t%s) compadd -- %s; _files ;;\n", c.name, strings.Join(p.candidates(c), " "))
	}
	b.WriteString("\tesac\n}\n_paird \"$@\"\n")
	return b.String()
}

// fish has a line for each command and each flag.
func (p program) fish() string {
	var b strings.Builder
	b.WriteString("# fish completion of paird\n")
	for _, c := range p.commands {
		fmt.Fprintf(&b, "complete -c paird -f -n __fish_use_subcommand -a %s -d %s\n", c.name, single(c.about))
		in := single("__fish_seen_subcommand_from " + c.name)
		for _, o := range c.flags {
			kind, name := "-l", strings.TrimPrefix(o.name, "--")
			if !strings.HasPrefix(o.name, "--") {
				kind, name = "-s", strings.TrimPrefix(o.name, "-")
			}
			takes := ""
			if o.value != "" {
				takes = " -r"
			}
			fmt.Fprintf(&b, "complete -c paird -n %s %s %s%s -d %s\n", in, kind, name, takes, single(o.about))
		}
		if c.name == "help" {
			fmt.Fprintf(&b, "complete -c paird -f -n %s -a %s\n", in, single(strings.Join(p.names(), " ")))
		} else if words := c.words(); len(words) > 0 {
			fmt.Fprintf(&b, "complete -c paird -f -n %s -a %s\n", in, single(strings.Join(words, " ")))
		}
	}
	return b.String()
}

// single is text in the single quotes of a shell, which zsh, fish and bash read alike without a quote in it.
func single(text string) string { return "'" + strings.ReplaceAll(text, "'", "") + "'" }
