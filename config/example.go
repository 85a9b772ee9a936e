package config

import (
	"fmt"
	"strings"
)

const exampleHead = `# paird.toml
#
# Each line that begins with # and a key shows the default; take the # away to change it. Unknown keys are
# refused; "paird config check" says what is wrong and "paird config print" what holds. A change needs a restart.

`

// Choices are the names that a key may have, by key: "mqtt.preset", "telemetry.sensor.driver". The packages that
// know them check them; here they are documentation.
type Choices map[string][]string

// Example is a commented configuration: the required keys set, all others at their defaults, the choices named.
// config/paird.example.toml is this text.
func Example(choices Choices) string {
	var b strings.Builder
	b.WriteString(exampleHead)
	section := ""
	c, t, s := Default(), defaultToken(), defaultSensor()
	for _, k := range keys(&c) {
		head(&b, &section, k.name)
		k.doc = documented(k.doc, choices[k.name])
		exampleLine(&b, k)
	}
	exampleItem(&b, "token", "a further audience: paird token NAME", tokenKeys(&t), choices)
	exampleItem(&b, "telemetry.sensor", "a sensor", sensorKeys(&s), choices)
	return b.String()
}

func exampleLine(b *strings.Builder, k key) {
	if k.doc != "" {
		fmt.Fprintf(b, "# %s\n", k.doc)
	}
	if k.example != "" {
		fmt.Fprintf(b, "%s = %s\n", field(k.name), k.example)
		return
	}
	fmt.Fprintf(b, "#%s = %s\n", field(k.name), k.value())
}

func exampleItem(b *strings.Builder, name, doc string, keys []key, choices Choices) {
	fmt.Fprintf(b, "\n# [[%s]] is %s; there may be several.\n#[[%s]]\n", name, doc, name)
	for _, k := range keys {
		if doc := documented(k.doc, choices[name+"."+k.name]); doc != "" {
			fmt.Fprintf(b, "# %s\n", doc)
		}
		fmt.Fprintf(b, "#%s = %s\n", k.name, k.value())
	}
}

// documented adds the choices to a line, on lines of at most 118 characters.
func documented(doc string, choices []string) string {
	var names []string
	for _, name := range choices {
		if name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return doc
	}
	line := strings.TrimPrefix(doc+"; ", "; ") + "one of"
	var b strings.Builder
	for i, name := range names {
		if i < len(names)-1 {
			name += ","
		}
		if len(line)+1+len(name) > 116 {
			b.WriteString(line + "\n# ")
			line = name
			continue
		}
		line += " " + name
	}
	return b.String() + line
}
