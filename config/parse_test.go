package config

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// One file with everything wrong: each mistake has its line, in order, and none hides another.
func TestAllProblemsAtOnce(t *testing.T) {
	got := problems(t, `[auth]
issuer = "x"
clientid = "printer"
scopes = "openid"
[display]
size = "big"
rotate = "45"
[mqtt]
url = 1
[button]
pair_hold = 3
[nonsense]
x = 1
[[token]]
resource = "relative"
`)
	want := []string{
		`auth.clientid: is not a key, did you mean auth.client_id? (line 3)`,
		`auth.scopes: must be a list of texts, such as ["a", "b"] (line 4)`,
		`display.size: must be a size in quotes, such as "128x64" (line 6)`,
		`display.rotate: must be a whole number, without quotes (line 7)`,
		`mqtt.url: must be text in quotes (line 9)`,
		`button.pair_hold: must be a duration in quotes, such as "30s", "5m" or "168h" (line 11)`,
		`nonsense: is not a key, remove it (line 12)`,
		`auth.client_id: is missing, name the client that is registered at the authorization server`,
		"token[1].name: is missing, `paird token NAME` asks for it",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"[auth]\nclient_id = 'x'", "auth.issuer: is missing"},
		{"[auth]\nclient_id = 'x'\ntoken_endpoint = 'https://a.example/t'", "auth.issuer: is missing"},
		{"[auth]\nstart = 'never'", `auth.start: "never" is not known, write one of: "button", "auto"`},
		{"[device]\nname = \"a\\u0007b\"", "device.name: has a control character"},
		{"[display]\naddress = '0x3C'", "display.address: must be a whole number"},
		{"[button]\npair_hold = '11s'", "button.reset_hold: must be at least a second longer"},
		{"[mqtt]\ntopic = ''", "mqtt.topic: must not be empty"},
		{"[mqtt]\nkeep_alive = '60s'", "mqtt.keep_alive: 1m is out of range, choose from 5s to 40s"},
		{"[device]\nname = '" + strings.Repeat("x", 65) + "'", "device.name: has more than 64"},
		{"[queue]\nmax_age = '-1h'", "queue.max_age: must be a duration"},
		{"[queue]\nmax_bytes = 1.5", "queue.max_bytes: must be a whole number"},
		{"[secrets]\nkey = 'tpm2'", `secrets.key: "tpm2" is not built yet`},
		{"[secrets]\nkey = 'otp'", `secrets.key: "otp" is not built yet`},
		{"[control]\nsocket = ''", "control.socket: must not be empty"},
		{"[[telemetry.sensor]]\nbus = 'I2C1'", "telemetry.sensor[1].driver: is missing"},
		{"[[telemetry.sensor]]\ndriver = 'file'", "telemetry.sensor[1].path: is missing"},
		{"[[telemetry.sensor]]\ndriver = 'exec'\nmetric = 'x'", "telemetry.sensor[1].command: is missing"},
		{"[[telemetry.sensor]]\ndriver = 'exec'\ncommand = ['/bin/true']", "telemetry.sensor[1].metric: is missing"},
		{"[[telemetry.sensor]]\ndriver = 'ina219'\nshunt = 0", "telemetry.sensor[1].shunt: is no shunt"},
		{"[[telemetry.sensor]]\ndriver = 'ina219'\nshunt = -0.1", "telemetry.sensor[1].shunt: is no shunt"},
		{"[[token]]\nname = 'a'", "token[1].resource: is missing"},
		{"[[token]]\nname = 'a'\nscopes = ['x']\n[[token]]\nname = 'a'\nscopes = ['y']", `token[2].name: "a" is there twice`},
		{"[token]\nname = 'a'", "token: is a list of sections, write [[token]]"},
		{"auth = 3", "auth: is a section, write [auth]"},
		{"[auth\nissuer = 3", "this is no TOML"},
		{"[auth]\nissuer = 'a'\nissuer = 'b'", "auth.issuer: this is no TOML: Key 'auth.issuer' has already been defined. (line 3)"},
	} {
		got := problems(t, test.text)
		if !slices.ContainsFunc(got, func(line string) bool { return strings.HasPrefix(line, test.want) }) {
			t.Errorf("%q\ngives %q\nwant a line with %q", test.text, got, test.want)
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, text := range []string{
		"[mqtt]\nurl = 'mqtt://127.8.9.1:1883'",
		"[mqtt]\nurl = 'mqtt://[::1]:1883'",
		"[mqtt]\nurl = 'ws://localhost:8080/mqtt'",
		"[mqtt]\nurl = 'mqtts://broker.example.com:8883'\npassword = ''\nusername = ''",
		"[mqtt]\nusername = '{claim:realm.role}'",
		"[button]\nreset_hold = '0s'",
		"[control]\npair = ['user:print', 'group:lp_admin', '*']",
		"[display]\nsize = '250x122'\nrotate = 270",
	} {
		parse(t, text+"\n"+least)
	}
	parse(t, "[auth]\nclient_id = 'x'\nissuer = 'http://localhost:9000'")
	parse(t, "[auth]\nclient_id = 'x'\ndevice_authorization_endpoint = 'https://a.example/d'\ntoken_endpoint = 'https://a.example/t'")
}

// No text of any key may hold what would end a line, a header or a path early.
func TestNoControlCharacters(t *testing.T) {
	c, tk, sn := Default(), defaultToken(), defaultSensor()
	tables := [][]key{keys(&c), tokenKeys(&tk), sensorKeys(&sn)}
	for _, k := range slices.Concat(tables...) {
		for _, raw := range []any{"/a\x00b", []any{"/a\x00b"}, map[string]any{"x": "/a\x00b"}} {
			if k.set(raw) == "" {
				t.Errorf("%s takes %q", k.name, raw)
			}
		}
	}
}

func TestPathsArePlain(t *testing.T) {
	for _, name := range []string{"device.state_dir", "auth.ca_file", "auth.client_secret_file", "auth.client_key_file", "png.file",
		"mqtt.ca_file", "mqtt.cert_file", "mqtt.key_file", "control.socket"} {
		section, field, _ := strings.Cut(name, ".")
		got := problems(t, "["+section+"]\n"+field+" = '/a/../b'")
		if want := name + `: "/a/../b" is no plain path, write "/b" (line 2)`; !slices.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTooLarge(t *testing.T) {
	got := problems(t, strings.Repeat("# comment\n", 10_000))
	if len(got) != 1 || !strings.Contains(got[0], "64 KiB") {
		t.Errorf("got %q", got)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 5000 {
		text.WriteString(strings.Repeat("k", i%9+1) + strings.Repeat("x", i/9) + "=1\n")
		if text.Len() > 60<<10 {
			break
		}
	}
	if got := problems(t, text.String()); len(got) > maxProblems {
		t.Errorf("%d problems", len(got))
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	f.Add([]byte(Example(nil)))
	f.Add([]byte("[[token]]\n[[token]]\n[telemetry]\nsensor = [{driver = 1}]\n\"a\\nb\" = 1979-05-27\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(bytes.NewReader(text))
		if err != nil {
			if slices.ContainsFunc([]byte(err.Error()), func(b byte) bool { return b < ' ' && b != '\n' }) {
				t.Errorf("control character in %q", err)
			}
			return
		}
		var printed bytes.Buffer
		if err := c.Print(&printed); err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(&printed); err != nil {
			t.Errorf("what Print writes is refused: %v\n%s", err, printed.String())
		}
	})
}
