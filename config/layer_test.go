package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func merged(t *testing.T, layers ...Layer) Config {
	t.Helper()
	c, err := Merge(layers...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Built in, factory, boot, local: the later wins key by key, and Print says where each value comes from.
func TestLayersInOrder(t *testing.T) {
	c := merged(t,
		Layer{"/lib/10.toml", Factory, []byte("[auth]\nissuer = 'https://factory.example'\nclient_id = 'factory'\n[mqtt]\ntopic = 'factory/1'\n[led]\npin = 'GPIO5'\n[[token]]\nname = 'a'\nscopes = ['x']\n")},
		Layer{"/state/boot.toml", Boot, []byte("[auth]\nissuer = 'https://boot.example'\nclient_id = 'boot'\n")},
		Layer{"/etc/paird.toml", Local, []byte("[auth]\nissuer = 'https://local.example'\n")},
	)
	if c.Auth.Issuer != "https://local.example" || c.Auth.ClientID != "boot" || c.MQTT.Topic != "factory/1" || c.LED.Pin != "GPIO5" || len(c.Tokens) != 1 {
		t.Errorf("%+v %+v %+v", c.Auth, c.MQTT, c.Tokens)
	}
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`issuer = "https://local.example"  # /etc/paird.toml:2`,
		`client_id = "boot"  # boot: /state/boot.toml:3`,
		`topic = "factory/1"  # factory: /lib/10.toml:5`,
		`pkce = "auto"  # default`,
		`[[token]]  # factory: /lib/10.toml`,
	} {
		if !strings.Contains(b.String(), want+"\n") {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}

// A list of sections is replaced as a whole, and not by a file that has none.
func TestListsOfLayers(t *testing.T) {
	factory := Layer{"", Factory, []byte(least + "[[token]]\nname = 'a'\nscopes = ['x']\n[[token]]\nname = 'b'\nscopes = ['x']\n")}
	if c := merged(t, factory, Layer{Text: []byte("[led]\npin = 'GPIO5'")}); len(c.Tokens) != 2 {
		t.Errorf("%+v", c.Tokens)
	}
	if c := merged(t, factory, Layer{Text: []byte("[[token]]\nname = 'c'\nscopes = ['y']\n")}); len(c.Tokens) != 1 || c.Tokens[0].Name != "c" {
		t.Errorf("%+v", c.Tokens)
	}
}

// onCard is every key that a file on the boot partition may set.
var onCard = []string{
	"device.name", "auth.issuer", "auth.client_id", "auth.scopes", "auth.audience", "auth.resource",
	"display.board", "display.panel", "display.rotate", "display.language",
	"button.pin", "button.active_low", "button.pair_hold", "button.reset_hold", "mqtt.url", "mqtt.topic",
}

// Of all keys the boot partition's file sets those of the list and no other: each other is refused with its line, and keeps its
// value.
func TestBootMaySetFewKeys(t *testing.T) {
	text, err := os.ReadFile("testdata/contract.toml")
	if err != nil {
		t.Fatal(err)
	}
	least := Layer{Text: []byte(least)}
	before := merged(t, least)
	c := merged(t, Layer{"boot.toml", Boot, text}, least)
	refused := map[string]Problem{}
	for _, p := range c.Refused() {
		refused[p.Key] = p
	}
	usual := keys(&before)
	for i, k := range keys(&c) {
		p, left := refused[k.name]
		switch allowed := slices.Contains(onCard, k.name); {
		case allowed == left:
			t.Errorf("%s: allowed %v, refused %v", k.name, allowed, left)
		case left && (p.Line == 0 || p.File != "boot.toml" || k.value() != usual[i].value()):
			t.Errorf("%s: %+v, value %s", k.name, p, k.value())
		case allowed && c.at[k.name].kind != Boot && before.at[k.name].line == 0:
			t.Errorf("%s is not taken from the boot partition", k.name)
		}
	}
	for _, list := range []string{"token", "telemetry.sensor"} {
		if _, left := refused[list]; !left || len(c.Tokens)+len(c.Telemetry.Sensors) > 0 {
			t.Errorf("%s is not refused", list)
		}
	}
}

// A mistake names the file that it is in. What is missing is missing in all.
func TestProblemsNameTheirFile(t *testing.T) {
	_, err := Merge(
		Layer{"/lib/10.toml", Factory, []byte("[led]\npinn = 'GPIO5'\n")},
		Layer{"/state/boot.toml", Boot, []byte("\n[auth]\nisuer = 'https://boot.example'\nclient_id = 'x'\n")},
	)
	var got []string
	for _, p := range err.(Problems) {
		got = append(got, p.File+" "+p.Error())
	}
	want := []string{
		"/lib/10.toml led.pinn: is not a key, did you mean led.pin? (line 2)",
		"/state/boot.toml auth.isuer: is not a key, did you mean auth.issuer? (line 3)",
		" auth.issuer: is missing, name the authorization server (or both auth.device_authorization_endpoint and auth.token_endpoint)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What a computer that is not Linux makes of a text file.
func TestTextFilesOfOtherSystems(t *testing.T) {
	for name, text := range map[string]string{
		"BOM and CRLF": "\ufeff" + strings.ReplaceAll(least, "\n", "\r\n"),
		"no newline":   strings.TrimRight(least, "\n"),
		"classic tabs": strings.ReplaceAll(least, " = ", "\t=\t"),
	} {
		if c, err := Merge(Layer{Text: []byte(text)}); err != nil || c.Auth.ClientID != "printer" {
			t.Errorf("%s: %v %q", name, err, c.Auth.ClientID)
		}
	}
}

// Whatever is on the card, the answer is a problem in one line, with the line where there is one.
func TestHostileFiles(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		line int
		want string
	}{
		"smart quotes": {"[auth]\nissuer = “https://auth.example.com”\n", 2, "typographic quotes, write straight ones"},
		"UTF-16":       {"\xff\xfe[\x00a\x00]\x00", 0, "UTF-16"},
		"binary":       {"\x7fELF\x02\x01\x01\x00\x00\x00", 0, "this is no TOML"},
		"large":        {strings.Repeat("#", MaxFile+1), 0, "larger than 64 KiB"},
		"bytes":        {"[auth]\nissuer = '\xff\xfe\xfd'\n", 2, "this is no TOML"},
		"brackets":     {strings.Repeat("[", MaxFile), 1, "this is no TOML"},
		"sections":     {strings.Repeat("[a]\n", MaxFile/4), 2, "this is no TOML"},
	} {
		c, err := Merge(Layer{"boot.toml", Boot, []byte(test.text)}, Layer{Text: []byte(least)})
		all, ok := err.(Problems)
		if !ok || len(all) != 1 || !strings.Contains(all[0].Error(), test.want) || test.line > 0 && all[0].Line != test.line || all[0].File != "boot.toml" {
			t.Errorf("%s: %v", name, err)
		}
		if c.Auth.ClientID != "printer" {
			t.Errorf("%s: the other file is lost", name)
		}
	}
}

// The sections of a broken file that are good are known, with their lines: the panel has to say where the mistake is.
func TestBrokenFileKeepsGoodSections(t *testing.T) {
	const text = "[auth]\nissuer = https://auth.example.com\n\n[display]\npanel = 'sh1106'\nlanguage = 'de'\n"
	c, err := Merge(Layer{Path: "paird.toml", Text: []byte(text)})
	if all := err.(Problems); len(all) != 1 || all[0].Line != 2 {
		t.Errorf("%v", err)
	}
	if c.Display.Panel != "sh1106" || c.Display.Language != "de" || c.at["display.language"].line != 6 {
		t.Errorf("%+v %+v", c.Display, c.at)
	}
	if c, _ := Merge(Layer{Text: []byte(text + "[display]\npanel = 'sim'\n")}); c.Display.Panel != "none" {
		t.Errorf("one section twice: %+v", c.Display)
	}
}

func TestReadLayerReadsNoLargeFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "paird.toml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 1<<30); err != nil {
		t.Fatal(err)
	}
	l, err := ReadLayer(file, Boot)
	if err != nil || len(l.Text) != MaxFile+1 {
		t.Errorf("%d bytes, %v", len(l.Text), err)
	}
}
