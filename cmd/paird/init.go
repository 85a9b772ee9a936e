package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/paird/paird/cmd/internal/daemon"
	"github.com/paird/paird/config"
	"github.com/paird/paird/config/recipes"
)

// settings are the --set flags: key and value, in their order.
type settings [][2]string

func (s *settings) String() string { return "" }

func (s *settings) Set(text string) error {
	key, value, ok := strings.Cut(text, "=")
	if !ok || !strings.Contains(key, ".") {
		return errors.New("give KEY=VALUE, such as auth.client_id=printer")
	}
	*s = append(*s, [2]string{key, value})
	return nil
}

// of is the value of a key, and whether it is set.
func (s settings) of(key string) (value string, set bool) {
	for _, one := range s {
		if one[0] == key {
			return one[1], true
		}
	}
	return "", false
}

// initialise is `paird init`: it writes a first configuration from a recipe. It asks on a terminal for what no flag says.
func (p *program) initialise(ctx context.Context, args []string) error {
	f := p.flags("init")
	recipe := f.String("recipe", "", "begin with the recipe of this `NAME`, or with a FILE.toml")
	var set settings
	f.Var(&set, "set", "`KEY=VALUE`, such as auth.client_id=printer; may come again")
	yes := f.Bool("yes", false, "ask nothing")
	if _, err := p.parse(f, args, 0, 0); err != nil {
		return err
	}
	if err := vacant(p.config); err != nil {
		return err
	}
	asked := bufio.NewScanner(p.stdin)
	if !*yes {
		if !terminal(p.stdin) {
			return usage("init: give --yes, and --recipe and --set, where there is no terminal to ask on")
		}
		p.interview(asked, recipe, &set)
	}
	text, err := recipeText(*recipe)
	if err != nil {
		return err
	}
	for _, one := range set {
		text = setTyped(text, one[0], one[1])
	}
	if err := writeChecked(p.config, text); err != nil {
		return err
	}
	for _, key := range examples(text) {
		fmt.Fprintf(p.stderr, "paird: warning: %s: this is the recipe's example, put your own there\n", key)
	}
	fmt.Fprintf(p.stdout, "%s is written. `paird doctor` says:\n", p.config)
	if err := p.printFindings(p.examine(ctx, false), false); err != nil { // a check that fails leaves the file as it is
		return err
	}
	return p.offerStart(ctx, asked, *yes)
}

// examples are the keys with an example in place of a value of one's own.
func examples(text string) (keys []string) {
	section := ""
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if strings.HasPrefix(name, "[") {
			section = strings.Trim(name, "[]")
		} else if name = strings.TrimSpace(name); strings.Contains(strings.ToLower(value), "example") && !strings.HasPrefix(name, "#") {
			keys = append(keys, section+"."+name)
		}
	}
	return keys
}

// vacant is nil where there is no configuration at path; one of comments alone, as packages ship
// it, is none.
func vacant(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); err == nil && line != "" && line[0] != '#' {
			return usage("init: %s is there, and nothing is written over: edit it, or name another with --config", path)
		}
	}
	return err
}

// question is about a key that a person has to know.
type question struct {
	key, text string
	now       string // as the recipe has it
	asked     bool
}

// questions are those about a recipe.
func questions(cfg config.Config) []question {
	a := cfg.Auth
	boards := strings.Join(daemon.Choices()["display.board"], " ")
	return []question{
		{"auth.issuer", "Issuer, the URL of the authorization server", a.Issuer, a.TokenEndpoint == ""},
		{"auth.client_id", "Client id, as registered there", a.ClientID, true},
		{"auth.audience", "Audience, the API that the token is for", a.Audience, a.Audience != ""},
		{"auth.resource", "Resource, the API that the token is for", strings.Join(a.Resource, " "), len(a.Resource) > 0},
		{"mqtt.url", "URL of the broker", cfg.MQTT.URL, cfg.MQTT.URL != ""},
		{"display.board", "Board or HAT with the panel, or nothing (" + boards + ")", cfg.Display.Board, true},
	}
}

// interview asks for what no flag has said; an empty answer leaves a key as the recipe has it.
func (p *program) interview(answers *bufio.Scanner, recipe *string, set *settings) {
	ask := func(question, now string) string {
		if now != "" {
			question += " [" + now + "]"
		}
		fmt.Fprintf(p.stderr, "%s: ", question)
		answers.Scan()
		return strings.TrimSpace(answers.Text())
	}
	if *recipe == "" {
		*recipe = ask("Recipe, or nothing for a plain one ("+recipeNames()+")", "")
	}
	text, _ := recipeText(*recipe) // what is wrong with it is said when it is written
	cfg, _ := config.Parse(strings.NewReader(text))
	for _, q := range questions(cfg) {
		if _, said := set.of(q.key); said || !q.asked {
			continue
		}
		if answer := ask(q.text, q.now); answer != "" {
			*set = append(*set, [2]string{q.key, answer})
		}
	}
	if board, said := set.of("display.board"); said {
		cfg.Display.Board = board
	}
	if _, said := set.of("button.pin"); said || daemon.WithBoard(cfg).Button.Pin != "" {
		return
	}
	if pin := ask("Pin of a button to ground, such as GPIO5, or nothing", ""); pin != "" {
		*set = append(*set, [2]string{"button.pin", pin})
	}
}

// recipeNames are the names of all recipes, behind each other.
func recipeNames() string {
	all, _ := recipes.All() // a program whose recipes cannot be read has none
	var names []string
	for _, one := range all {
		names = append(names, one.Name)
	}
	return strings.Join(names, ", ")
}

// recipeText is what a recipe says, or the beginning of a plain configuration.
func recipeText(name string) (string, error) {
	if name == "" {
		return "# All keys: man paird.toml\n\n[auth]\n", nil
	}
	if filepath.Ext(name) == ".toml" {
		text, err := os.ReadFile(name)
		return string(text), err
	}
	all, err := recipes.All()
	if err != nil {
		return "", err
	}
	for _, one := range all {
		if one.Name == name {
			return one.Text, nil
		}
	}
	return "", usage("init: no recipe %q: there are %s", name, recipeNames())
}

// setTyped sets a key to a string, or to the value as TOML or a list of that string alone where the key is no string.
func setTyped(text, key, value string) string {
	quoted := setKey(text, key, strconv.Quote(value))
	for _, other := range []string{value, "[" + strconv.Quote(value) + "]"} {
		if changed := setKey(text, key, other); wrong(quoted, key) && !wrong(changed, key) {
			return changed
		}
	}
	return quoted
}

// wrong reports whether a configuration gets key wrong.
func wrong(text, key string) bool {
	_, err := config.Parse(strings.NewReader(text))
	problems, _ := errors.AsType[config.Problems](err)
	for _, one := range problems {
		if one.Key == key || one.Key == "" || strings.HasPrefix(one.Detail, "this is no TOML") {
			return true
		}
	}
	return false
}

// setKey sets a key in the text of a configuration: on its line, or on a new one at the head of its section, or with a
// new section at the end.
func setKey(text, key, value string) string {
	section, field, _ := strings.Cut(key, ".")
	line := field + " = " + value
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	head, at := -1, ""
	for i, l := range lines {
		l = strings.TrimSpace(l)
		if strings.HasPrefix(l, "[") {
			at = strings.Trim(strings.SplitN(l, "#", 2)[0], " \t")
			if at == "["+section+"]" {
				head = i
			}
		}
		name, _, ok := strings.Cut(l, "=")
		if ok && at == "["+section+"]" && strings.TrimSpace(name) == field {
			lines[i] = line
			return strings.Join(lines, "\n") + "\n"
		}
	}
	if head < 0 {
		return strings.Join(append(lines, "", "["+section+"]", line), "\n") + "\n"
	}
	lines[head] += "\n" + line
	return strings.Join(lines, "\n") + "\n"
}

// writeChecked writes a configuration that has no faults, in one step; of another it leaves nothing.
func writeChecked(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".paird.toml-*")
	if err != nil {
		return fmt.Errorf("init: %w: run it as root, or give --config", err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	cfg, err := config.Load(f.Name())
	if err := faulty(path, cfg.Problems(err, daemon.Check(cfg)), cfg.Exposed()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// offerStart starts the unit where there is one and the person agrees; else it says how.
func (p *program) offerStart(ctx context.Context, answers *bufio.Scanner, yes bool) error {
	if p.config != p.usual { // the unit reads that one
		_, err := fmt.Fprintf(p.stdout, "Next: paird run --config %s\n", p.config)
		return err
	}
	_, err := os.Stat("/run/systemd/system")
	if yes || err != nil || os.Geteuid() != 0 {
		_, err := fmt.Fprintln(p.stdout, "Next: systemctl enable --now paird")
		return err
	}
	fmt.Fprint(p.stderr, "Start paird now, and at each boot? [y/N] ")
	answers.Scan()
	if a := answers.Text(); !strings.EqualFold(a, "y") && !strings.EqualFold(a, "yes") {
		return nil
	}
	cmd := exec.CommandContext(ctx, "systemctl", "enable", "--now", "paird")
	cmd.Stdout, cmd.Stderr = p.stdout, p.stderr
	return cmd.Run()
}
