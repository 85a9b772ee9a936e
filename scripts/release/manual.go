package main

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// program is the command line as `paird help` prints it: the table of commands is in the program alone.
type program struct {
	about    string
	commands []command
	codes    string // the last paragraph
}

type command struct {
	name, args, about string
	flags             []option
	example           string
}

// option is one flag: "--json", "", "print JSON".
type option struct{ name, value, about string }

// words are the arguments that can only be one of a few: check|print.
func (c command) words() []string {
	for word := range strings.FieldsSeq(c.args) {
		if strings.Contains(word, "|") && strings.ToLower(word) == word {
			return strings.Split(word, "|")
		}
	}
	return nil
}

// readManual asks a program for its help.
func readManual(binary string) (program, error) {
	out, err := exec.Command(binary, "help").Output()
	if err != nil {
		return program{}, fmt.Errorf("%s help: %w", binary, err)
	}
	p := parseHelp(string(out))
	for i, c := range p.commands {
		out, err := exec.Command(binary, "help", c.name).Output()
		if err != nil {
			return program{}, fmt.Errorf("%s help %s: %w", binary, c.name, err)
		}
		p.commands[i].flags, p.commands[i].example = parseFlags(string(out))
	}
	return p, nil
}

// parseHelp reads the list of commands: name, arguments and meaning stand at fixed columns.
func parseHelp(text string) program {
	paragraphs := strings.Split(strings.TrimSpace(text), "\n\n")
	p := program{about: paragraphs[0], codes: paragraphs[len(paragraphs)-1]}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "  ") || len(line) < 45 {
			continue
		}
		p.commands = append(p.commands, command{
			name: strings.TrimSpace(line[2:12]), args: strings.TrimSpace(line[12:44]), about: strings.TrimSpace(line[44:]),
		})
	}
	return p
}

// parseFlags reads the flags of one command, and its example.
func parseFlags(text string) (all []option, example string) {
	for line := range strings.Lines(text) {
		if after, ok := strings.CutPrefix(line, "Example: "); ok {
			example = strings.TrimSpace(after)
		}
		if !strings.HasPrefix(line, "  -") || len(line) < 23 {
			continue
		}
		name, value, _ := strings.Cut(strings.TrimSpace(line[2:22]), " ")
		all = append(all, option{name, value, strings.TrimSpace(line[22:])})
	}
	return all, example
}

// roff is text with what groff would take for its own escaped.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		text = `\&` + text
	}
	return text
}

func title(name string, section int, version string, built time.Time) string {
	return fmt.Sprintf(".TH %s %d %s \"paird %s\"\n", strings.ToUpper(name), section, built.Format(time.DateOnly), roff(version))
}

// page is paird(1).
func (p program) page(version string, built time.Time) string {
	var b strings.Builder
	b.WriteString(title("paird", 1, version, built))
	fmt.Fprintf(&b, ".SH NAME\npaird \\- pair a board that has no keyboard with its owner's account\n.SH SYNOPSIS\n.B paird\n.I COMMAND\n[\\-\\-config FILE]\n.SH DESCRIPTION\n%s\n.SH COMMANDS\n", roff(p.about))
	for _, c := range p.commands {
		fmt.Fprintf(&b, ".SS %s\n%s\n", roff(strings.TrimSpace("paird "+c.name+" "+c.args)), roff(c.about+"."))
		for _, o := range c.flags {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(strings.TrimSpace(o.name+" "+o.value)), roff(o.about))
		}
		if c.example != "" {
			fmt.Fprintf(&b, ".PP\n.EX\n%s\n.EE\n", roff(c.example))
		}
	}
	fmt.Fprintf(&b, ".SH EXIT STATUS\n%s\n", roff(strings.Join(strings.Fields(p.codes), " ")))
	b.WriteString(".SH ENVIRONMENT\n")
	for _, v := range environment() {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", v[0], roff(v[1]))
	}
	b.WriteString(".SH FILES\n.TP\n.I /etc/paird/paird.toml\nthe configuration, see paird.toml(5)\n.TP\n.I /usr/share/paird/recipes\nconfigurations for authorization servers and brokers\n.TP\n.I /run/paird/paird.sock\nthe local API\n.SH SEE ALSO\nREADME.md and SECURITY.md in /usr/share/doc/paird\n")
	return b.String()
}

// environment are the variables that the program reads, with their meanings.
func environment() [][2]string {
	return [][2]string{
		{"PAIRD_SOCKET", "the daemon's socket, where paird.toml cannot be read"},
		{"PAIRD_BOOT", "the file of settings on the boot partition, in place of /boot/firmware/paird.toml and /boot/paird.toml"},
		{"XDG_STATE_HOME", "paird login keeps its grant in paird below it, or else below ~/.local/state"},
		{"NO_COLOR", "if set, no QR code is drawn on the terminal; so it is with TERM=dumb"},
		{"NOTIFY_SOCKET, STATE_DIRECTORY, CREDENTIALS_DIRECTORY", "set by systemd, see systemd.exec(5) and sd_notify(3)"},
	}
}

// configPage is paird.toml(5): the example with all keys, their meanings and defaults.
func configPage(example, version string, built time.Time) string {
	var b strings.Builder
	b.WriteString(title("paird.toml", 5, version, built))
	b.WriteString(".SH NAME\npaird.toml \\- the configuration of paird\n.SH DESCRIPTION\nAll keys with their defaults, as in /usr/share/paird/paird.example.toml.\n.EX\n")
	for line := range strings.Lines(example) {
		b.WriteString(roff(strings.TrimRight(line, "\n")) + "\n")
	}
	b.WriteString(".EE\n")
	return b.String()
}
