package config

import (
	"errors"
	"image"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

const least = "[auth]\nissuer = 'https://auth.example.com'\nclient_id = 'printer'\n"

func parse(t *testing.T, text string) Config {
	t.Helper()
	c, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return c
}

func problems(t *testing.T, text string) []string {
	t.Helper()
	_, err := Parse(strings.NewReader(text))
	ps, ok := errors.AsType[Problems](err)
	if !ok {
		t.Fatalf("Parse(%q) = %v, want Problems", text, err)
	}
	return strings.Split(ps.Error(), "\n")
}

func TestDefaults(t *testing.T) {
	c := parse(t, least)
	if c.Display.Panel != "none" || c.MQTT.URL != "" || c.Button.Pin != "" || c.LED.Pin != "" || len(c.Hooks.OnEvent) != 0 {
		t.Errorf("something is on by default: %+v", c)
	}
	if c.IsSet("display.size") || !c.IsSet("auth.client_id") {
		t.Error("IsSet takes a default for a key of the file, or the reverse")
	}
	if c.Display.Size != image.Pt(128, 64) || c.Queue.MaxAge != 168*time.Hour || c.Auth.ClientAuth != "" || c.Display.Address != 0x3C {
		t.Errorf("wrong defaults: %+v", c)
	}
}

func TestEveryKeyOfTheContract(t *testing.T) {
	text, err := os.ReadFile("testdata/contract.toml")
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, string(text))
	if len(c.Tokens) != 2 || c.Tokens[1].Scopes[0] != "scan" || len(c.Telemetry.Sensors) != 2 || c.Telemetry.Sensors[0].Driver != "bme280" {
		t.Errorf("tokens %+v sensors %+v", c.Tokens, c.Telemetry.Sensors)
	}
	if c.Auth.Params["device"] != "{device_name}" || c.Button.PairHold != 3*time.Second || c.Display.Pins["dc"] != "GPIO24" {
		t.Errorf("%+v", c)
	}
	for _, k := range keys(&c) {
		if !c.set(k.name) {
			t.Errorf("testdata/contract.toml does not set %s", k.name)
		}
	}
}

// A default that its own check refuses could not be written into the file.
func TestDefaultsPassTheirChecks(t *testing.T) {
	c := Default()
	for _, k := range keys(&c) {
		src, err := read("v = " + k.value())
		if err != nil {
			t.Fatalf("%s = %s: %v", k.name, k.value(), err)
		}
		if wrong := k.set(src.tree["v"]); wrong != "" && k.example == "" {
			t.Errorf("%s = %s: %s", k.name, k.value(), wrong)
		}
	}
}

// Taking every # before a key away changes nothing: the example shows the defaults.
func TestExampleShowsDefaults(t *testing.T) {
	var text strings.Builder
	for line := range strings.Lines(Example(nil)) {
		if strings.HasPrefix(line, "#[[") {
			break // items have no defaults of their own
		}
		if strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "# ") {
			line = line[1:]
		}
		text.WriteString(line)
	}
	got, want := parse(t, text.String()), parse(t, least)
	got.at, want.at = nil, nil
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the example says\n%+v\nthe defaults are\n%+v", got, want)
	}
}

func TestPrintIsReadAgain(t *testing.T) {
	text, err := os.ReadFile("testdata/contract.toml")
	if err != nil {
		t.Fatal(err)
	}
	first := parse(t, string(text))
	var b strings.Builder
	if err := first.Print(&b); err != nil {
		t.Fatal(err)
	}
	second := parse(t, b.String())
	first.at, second.at = nil, nil
	if !reflect.DeepEqual(first, second) {
		t.Errorf("printed\n%s\ngives %+v\nwant %+v", b.String(), second, first)
	}
}

func TestPrintNamesSources(t *testing.T) {
	file := t.TempDir() + "/paird.toml"
	if err := os.WriteFile(file, []byte(least), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`client_id = "printer"  # ` + file + ":3\n",
		`pkce = "auto"  # default` + "\n",
		`address = 0x3C  # default` + "\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}

// TestPreset sets what the file leaves out, and Print says where that comes from.
func TestPreset(t *testing.T) {
	c, err := Parse(strings.NewReader(least + "[display]\nbus = 'I2C3'\n"))
	if err != nil {
		t.Fatal(err)
	}
	before := c
	c.Preset("board x", map[string]any{"display.bus": "SPI0.0", "display.panel": "sh1106", "display.pins": map[string]any{"dc": "GPIO24"}, "display.size": "128x32"})
	if c.Display.Bus != "I2C3" || c.Display.Panel != "sh1106" || c.Display.Pins["dc"] != "GPIO24" || !c.IsSet("display.size") || c.IsSet("display.rotate") {
		t.Errorf("%+v", c.Display)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil || !strings.Contains(b.String(), "panel = \"sh1106\"  # board x\n") || !strings.Contains(b.String(), "bus = \"I2C3\"  # line ") {
		t.Errorf("%v\n%s", err, b.String())
	}
	if before.IsSet("display.panel") || before.Display.Panel != "none" {
		t.Error("a copy taken before was changed")
	}
}
