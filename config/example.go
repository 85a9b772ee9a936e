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

// Example is a commented configuration: the required keys set, all others at their defaults.
// config/paird.example.toml is this text; go test -update writes it.
func Example() string {
	var b strings.Builder
	b.WriteString(exampleHead)
	section := ""
	for _, k := range keys(new(Config)) {
		head(&b, &section, k.name)
		exampleLine(&b, k)
	}
	exampleItem(&b, "token", "a further audience: paird token NAME", tokenKeys(new(Token)))
	exampleItem(&b, "telemetry.sensor", "a sensor", sensorKeys(new(Sensor)))
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
	fmt.Fprintf(b, "#%s = %s\n", field(k.name), k.text())
}

func exampleItem(b *strings.Builder, name, doc string, keys []key) {
	fmt.Fprintf(b, "\n# [[%s]] is %s; there may be several.\n#[[%s]]\n", name, doc, name)
	for _, k := range keys {
		if k.doc != "" {
			fmt.Fprintf(b, "# %s\n", k.doc)
		}
		fmt.Fprintf(b, "#%s = %s\n", k.name, k.text())
	}
}
