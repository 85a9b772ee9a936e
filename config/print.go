package config

import (
	"fmt"
	"io"
	"strings"
)

// Print writes the effective configuration as TOML that Parse reads again. Each line says where its
// value comes from: `default`, the file and line (of a product's own or the boot partition's file it says
// so), or the board. Files that hold secrets are named, never read.
func (c Config) Print(w io.Writer) error {
	var b strings.Builder
	section := ""
	for _, k := range keys(&c) {
		head(&b, &section, k.name)
		fmt.Fprintf(&b, "%s = %s  # %s\n", field(k.name), k.value(), c.origin(k.name))
	}
	for i := range c.Tokens {
		c.printItem(&b, "token", tokenKeys(&c.Tokens[i]))
	}
	for i := range c.Telemetry.Sensors {
		c.printItem(&b, "telemetry.sensor", sensorKeys(&c.Telemetry.Sensors[i]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (c Config) printItem(b *strings.Builder, name string, keys []key) {
	fmt.Fprintf(b, "\n[[%s]]", name)
	if at := c.at[name]; at.path != "" {
		fmt.Fprintf(b, "  # %s%s", at.kind.prefix(), at.path)
	}
	b.WriteByte('\n')
	for _, k := range keys {
		fmt.Fprintf(b, "%s = %s\n", k.name, k.value())
	}
}

// origin says where a value comes from.
func (c Config) origin(name string) string {
	at := c.at[name]
	switch from := c.given[name]; {
	case from != "":
		return from
	case at.line == 0:
		return "default"
	case at.path == "":
		return fmt.Sprintf("line %d", at.line)
	}
	return fmt.Sprintf("%s%s:%d", at.kind.prefix(), at.path, at.line)
}

// head writes the section's line where a new one begins.
func head(b *strings.Builder, section *string, name string) {
	s, _, _ := strings.Cut(name, ".")
	if s == *section {
		return
	}
	if *section != "" {
		b.WriteByte('\n')
	}
	*section = s
	fmt.Fprintf(b, "[%s]\n", s)
}

func field(name string) string {
	_, f, _ := strings.Cut(name, ".")
	return f
}
