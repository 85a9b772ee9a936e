package daemon

import (
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paird/paird/config"
)

var update = flag.Bool("update", false, "write config/paird.example.toml")

const least = "[auth]\nissuer = 'https://auth.example.com'\nclient_id = 'printer'\n"

// faults is what Check says of a configuration that parses.
func faults(t *testing.T, text string) []string {
	t.Helper()
	cfg, err := config.Parse(strings.NewReader(text))
	err = cfg.Problems(err, Check(cfg))
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

// Each rule lives in the package that needs it; here it must have arrived, with its key.
func TestCheckRefuses(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"[auth]\nissuer = 'https://a.example?x=1'", "auth.issuer: an issuer has neither"},
		{"[auth]\nissuer = 'https://me:pw@a.example'", "auth.issuer: has a name or password"},
		{"[auth]\nissuer = 'a.example'", "auth.issuer: is no address"},
		{"[auth]\ntoken_endpoint = 'ftp://a.example'", "auth.token_endpoint: starts with ftp://, use https://"},
		{"[auth]\nclient_auth = 'basic'", `auth.client_secret_file: is missing, client_auth = "basic" needs it`},
		{"[auth]\nclient_auth = 'private_key_jwt'", "auth.client_key_file: is missing"},
		{"[auth]\nscopes = ['openid email']", "auth.scopes: \"openid email\" does not fit"},
		{"[auth]\nresource = ['https://a.example#x']", "auth.resource: "},
		{"[auth.params]\nscope = 'x'", `auth.params: "scope" is sent by paird itself`},
		{"[auth.params]\nx = '{device}'", "auth.params: x: \"{device}\" has an unknown placeholder"},
		{"[display]\npanel = 'png'", "png.file"},
		{"[display]\npanel = 'oled'", "display.panel"},
		{"[display]\nrotate = 45", "display.rotate"},
		{"[display]\npanel = 'ssd1306'\naddress = 0x80", "display.address"},
		{"[display]\npanel = 'ssd1306'\naddress = 0x04", "display.address"},
		{"[display]\npanel = 'ssd1306'\ncolumn_offset = 200", "display.column_offset"},
		{"[display]\npanel = 'sim'\nsize = '4x4'", "display.size"},
		{"[display]\npanel = 'ssd1306'\nbus = 'i2c'", "display.bus"},
		{"[display]\npanel = 'ssd1306'\nbus = 'ONEWIRE'", "display.bus"},
		{"[display]\npanel = 'ssd1306'\n[display.pins]\nled = 'GPIO1'", "display.pins"},
		{"[display]\npanel = 'ssd1306'\n[display.pins]\ncs = 'GPIO1'", "display.pins"},
		{"[display]\nlanguage = 'xx'", "display.language: \"xx\" is not known, write one of en"},
		{"[mqtt]\nurl = 'ws://broker.example.com'", "mqtt.url"},
		{"[mqtt]\nurl = 'mqtts://broker.example.com/x'", "mqtt.url"},
		{"[mqtt]\nurl = 'tcp://broker.example.com'", "mqtt.url"},
		{"[mqtt]\nurl = 'mqtts://b.example'\nusername = '{claim:}'", "mqtt.username"},
		{"[mqtt]\nurl = 'mqtts://b.example'\nusername = ''", "mqtt.username"},
		{"[mqtt]\nurl = 'mqtts://b.example'\npassword = '{access_token'", "mqtt.password"},
		{"[mqtt]\nurl = 'mqtts://b.example'\ntopic = 'a/#'", "mqtt.topic"},
		{"[mqtt]\nurl = 'mqtts://b.example'\ntopic = '/a'", "mqtt.topic"},
		{"[mqtt]\nurl = 'mqtts://b.example'\ntopic = '$SYS/a'", "mqtt.topic"},
		{"[mqtt]\nurl = 'mqtts://b.example'\ntopic = 'paird/{sub}'", "mqtt.topic"},
		{"[mqtt]\nurl = 'mqtts://b.example'\nhome_assistant = 'home/#'", "mqtt.home_assistant"},
		{"[mqtt]\nurl = 'mqtts://b.example'\nhome_assistant = 'homeassistant'\n[telemetry]\nformat = 'senml'", "mqtt.home_assistant"},
		{"[mqtt]\nurl = 'mqtts://b.example'\nheaders = {X = 'y'}", "mqtt.headers"},
		{"[mqtt]\nurl = 'wss://b.example'\nheaders = {'a b' = 'y'}", "mqtt.headers"},
		{"[mqtt]\nurl = 'wss://b.example'\nheaders = {Host = 'y'}", "mqtt.headers"},
		{"[mqtt]\nurl = 'mqtts://b.example'\ncert_file = 'c.pem'", "mqtt.cert_file"},
		{"[mqtt]\npreset = 'ws-bearer'\nurl = 'mqtts://b.example'", "mqtt.preset"},
		{"[mqtt]\npreset = 'aws-custom-auth'\nurl = 'mqtt://localhost'", "mqtt.preset"},
		{"[mqtt]\npreset = 'nonesuch'\nurl = 'mqtts://b.example'", "mqtt.preset"},
		{"[mqtt]\nurl = 'mqtts://b.example'\ncommands = ['reset']", "mqtt.commands"},
		{"[mqtt]\nurl = 'mqtts://b.example'\n[telemetry]\nmetrics = ['moon']", "telemetry.metrics"},
		{"[device]\nid = 'a b'", "device.id"},
		{"[device]\nid = '" + strings.Repeat("x", 65) + "'", "device.id"},
		{"[[telemetry.sensor]]\ndriver = 'dht22'", "telemetry.sensor[1]"},
		{"[control]\npair = ['paird']", `control.pair: "paird" does not fit`},
		{"[control]\nsocket = '" + strings.Repeat("/a", 60) + "'", "control.socket: is longer than"},
		{"[hooks]\non_event = ['speak']", "hooks.on_event: must begin with the full path"},
	} {
		got := faults(t, test.text)
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, test.want) }) {
			t.Errorf("%q\ngives %q\nwant a line with %q", test.text, got, test.want)
		}
	}
}

func TestCheckAccepts(t *testing.T) {
	for _, text := range []string{
		"",
		"[mqtt]\nurl = 'mqtt://127.8.9.1:1883'",
		"[mqtt]\nurl = 'mqtt://[::1]:1883'",
		"[mqtt]\nurl = 'ws://localhost:8080/mqtt'",
		"[mqtt]\nurl = 'mqtts://broker.example.com:8883'\npassword = ''\nusername = ''",
		"[mqtt]\nurl = 'mqtts://broker.example.com:8883'\nusername = '{claim:realm.role}'",
		"[button]\nreset_hold = '0s'",
		"[control]\npair = ['user:print', 'group:lp_admin', '*']",
		"[display]\npanel = 'sim'\nsize = '250x122'\nrotate = 270",
		"[display]\npanel = 'ssd1306'\nsize = '72x40'", "[display]\npanel = 'ssd1306'\nsize = '64x48'", "[display]\npanel = 'ssd1306'\nsize = '96x16'",
	} {
		if got := faults(t, least+text); got != nil {
			t.Errorf("%q\ngives %q", text, got)
		}
	}
}

// All that is wrong is named at once, with its line, whether the file gets it wrong or a value.
func TestCheckNamesAllAtOnce(t *testing.T) {
	got := faults(t, "[auth]\nissuer = \"http://auth.example.com\"\nclientid = \"printer\"\n[button]\npair_hold = 3\n[hooks]\non_event = [\"x\"]\n")
	want := []string{
		"auth.issuer: http:// would send tokens in the clear, use https:// (http:// is for this machine only) (line 2)",
		"auth.clientid: is not a key, did you mean auth.client_id? (line 3)",
		`button.pair_hold: must be a duration in quotes, such as "30s", "5m" or "168h" (line 5)`,
		"hooks.on_event: ",
		"auth.client_id: is missing, name the client that is registered at the authorization server",
	}
	if len(got) != len(want) {
		t.Fatalf("got\n%s", strings.Join(got, "\n"))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("got %q, want %q", got[i], want[i])
		}
	}
}

func TestWarnings(t *testing.T) {
	for text, want := range map[string]string{
		"[control]\ntoken = ['group:nosuch', 'user:root']":                        "control.token: this machine has no group:nosuch, so it allows nothing",
		"[mqtt]\nurl = 'mqtt://localhost'\nca_file = 'c.pem'":                     "mqtt.ca_file: mqtt:// uses no certificates",
		"dpop = 'on'\n[mqtt]\nurl = 'mqtts://b.example'":                          "auth.dpop = \"on\": a token bound to this device",
		"dpop = 'on'\n[mqtt]\nurl = 'mqtts://b.example'\npassword = '{id_token}'": "",
		"[display]\npanel = 'sim'":                                                "display.panel = \"sim\": it is for trying things out",
		"[display]\npanel = 'sim'\n[sim]\nopen = true":                            "sim.open: every user of this machine may",
		"[display]\npanel = 'sim'\n[device]\nstate_dir = '/srv/try'":              "",
		"": "",
	} {
		cfg, err := config.Parse(strings.NewReader(least + "start = 'auto'\n" + text))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Warnings(cfg), "\n"); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%q gives %q, want %q", text, got, want)
		}
	}
}

func TestExampleFile(t *testing.T) {
	const file = "../../../config/paird.example.toml"
	want := config.Example(Choices())
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != want {
		t.Errorf("%s differs from the key table; write it: go test ./cmd/internal/daemon -run ExampleFile -update", file)
	}
	cfg, err := config.Parse(strings.NewReader(want))
	if err := errors.Join(err, Check(cfg)); err != nil {
		t.Error(err)
	}
}

// What a person can begin pairing with: a button, or the simulator's or the terminal's; a user or group of this machine; or nothing is
// needed, as pairing begins by itself.
func TestUnpairable(t *testing.T) {
	for text, paired := range map[string]bool{
		"":                                              false,
		"start = \"auto\"\n":                            true,
		"[button]\npin = \"GPIO17\"\n":                  true,
		"[control]\npair = [\"user:root\"]":             true,
		"[control]\npair = [\"*\"]":                     true,
		"[control]\npair = [\"user:nosuch\"]":           false,
		"[display]\npanel = \"sim\"\n":                  true,
		"[display]\npanel = \"terminal\"\n":             true,
		"[display]\npanel = \"sh1106\"\n":               false,
		"[display]\nboard = \"adafruit-oled-bonnet\"\n": true,
	} {
		cfg := read(t, text)
		err := Unpairable(cfg)
		if err != nil && !slices.Contains(Warnings(cfg), err.Error()) {
			t.Errorf("%q: no warning", text)
		}
		if paired != (err == nil) || err != nil && !strings.Contains(err.Error(), "auth.start: \"button\" waits for a button, and there is none, so only root can begin pairing") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// read is a configuration that has what is required.
func read(t *testing.T, text string) config.Config {
	t.Helper()
	cfg, err := config.Parse(strings.NewReader("[auth]\nissuer = \"https://auth.example.com\"\nclient_id = \"x\"\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Hints: programs that the unit hides.
func TestHints(t *testing.T) {
	for text, want := range map[string]string{
		"[hooks]\non_event = [\"/home/pi/hook\"]\n":                                             "hooks.on_event: the unit hides /home",
		"[[telemetry.sensor]]\ndriver = \"exec\"\nmetric = \"x\"\ncommand = [\"/root/read\"]\n": "telemetry.sensor[1].command: the unit hides",
		"[hooks]\non_event = [\"/usr/local/bin/hook\"]\n":                                       "",
	} {
		got := strings.Join(Hints(read(t, text)), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
