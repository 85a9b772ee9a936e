package card

import (
	"os"
	"strings"
	"testing"

	"github.com/paird/paird/config"
)

// The file that lies on a card says nothing as it is. Every line that can be taken in sets a key that the boot partition may
// set, and with all of them the configuration is whole.
func TestSettings(t *testing.T) {
	b, err := os.ReadFile("../../../scripts/card/paird.toml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Merge(config.Layer{Path: "paird.toml", Kind: config.Boot, Text: b})
	if err == nil || len(c.From(config.Boot)) != 0 {
		t.Errorf("as it is: sets %q, %v", c.From(config.Boot), err)
	}
	var text strings.Builder
	for line := range strings.Lines(string(b)) {
		if key, ok := strings.CutPrefix(line, "#"); ok && !strings.HasPrefix(key, " ") {
			line = key
		}
		text.WriteString(line)
	}
	c, err = config.Merge(config.Layer{Path: "paird.toml", Kind: config.Boot, Text: []byte(text.String())})
	if err != nil {
		t.Errorf("with all lines: %v", err)
	}
	if len(c.From(config.Boot)) != 6 || len(c.Refused()) != 0 {
		t.Errorf("with all lines: sets %q, not allowed %v", c.From(config.Boot), c.Refused())
	}
}
