package daemon

import (
	"fmt"
	"image"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/config"
	"github.com/paird/paird/hal"
)

// arrives names, for each key of the configuration, every option that it sets, and no other. A key that sets none
// here names the test that holds it.
var arrives = map[string]string{
	"Device.Name":                      "agent.DeviceName auth.Params broker.DeviceName hal.Name",
	"Device.ID":                        "agent.DeviceID auth.Params broker.DeviceID store.Device",
	"Device.StateDir":                  "auth.Cache.dir inbox.Dir queue.Dir store.Dir",
	"Auth.Issuer":                      "agent.Bound.Issuer auth.Issuer",
	"Auth.DeviceAuthorizationEndpoint": "auth.DeviceAuthorizationEndpoint",
	"Auth.TokenEndpoint":               "agent.Bound.TokenEndpoint auth.TokenEndpoint",
	"Auth.RevocationEndpoint":          "auth.RevocationEndpoint",
	"Auth.JWKSURI":                     "auth.JWKSURI",
	"Auth.ClientID":                    "agent.Bound.ClientID auth.ClientID",
	"Auth.ClientAuth":                  "auth.ClientAuth",
	"Auth.ClientSecretFile":            "auth.ClientSecret",
	"Auth.ClientKeyFile":               "auth.ClientKey",
	"Auth.ClientAssertionAudience":     "auth.ClientAssertionAudience",
	"Auth.Scopes":                      "auth.Scopes",
	"Auth.Audience":                    "auth.Audience",
	"Auth.Resource":                    "auth.Resources",
	"Auth.PKCE":                        "auth.PKCE",
	"Auth.DPoP":                        "auth.DPoP",
	"Auth.CAFile":                      "auth.HTTP",
	"Auth.Start":                       "agent.StartAuto",
	"Auth.Revoke":                      "agent.Revoke",
	"Auth.Params":                      "auth.Params",
	"Tokens.Name":                      "agent.Audiences",
	"Tokens.Resource":                  "agent.Audiences auth.FurtherResources",
	"Tokens.Scopes":                    "agent.Audiences auth.FurtherScopes",
	"Display.Panel":                    "hal.Panel",
	"Display.Size":                     "hal.Size.X hal.Size.Y",
	"Display.Bus":                      "hal.Bus",
	"Display.Address":                  "hal.Address",
	"Display.ColumnOffset":             "hal.ColumnOffset",
	"Display.Pins":                     "hal.Pins",
	"Display.Rotate":                   "hal.Rotate",
	"Display.Language":                 "frames.Language",
	"Display.Board":                    "hal.Board hal.ButtonPin hal.Panel hal.Size.X hal.Size.Y",
	"Display.Required":                 "TestPanelMissing",
	"Sim.Panel":                        "hal.SimPanel",
	"Sim.Listen":                       "hal.SimListen",
	"Sim.Open":                         "hal.SimOpen",
	"PNG.File":                         "hal.PNGFile",
	"Button.Pin":                       "hal.ButtonPin",
	"Button.ActiveLow":                 "hal.ActiveLow",
	"Button.PairHold":                  "agent.PairHold",
	"Button.ResetHold":                 "agent.ResetHold",
	"LED.Pin":                          "hal.LEDPin",
	"MQTT.URL":                         "agent.BrokerURL broker.URL",
	"MQTT.ClientID":                    "broker.ClientID",
	"MQTT.Username":                    "broker.Username",
	"MQTT.Password":                    "broker.Password",
	"MQTT.PasswordFile":                "broker.PasswordFile",
	"MQTT.Topic":                       "broker.Topic",
	"MQTT.HomeAssistant":               "broker.HomeAssistant",
	"MQTT.Commands":                    "broker.Commands",
	"MQTT.KeepAlive":                   "broker.KeepAlive",
	"MQTT.Spread":                      "agent.Spread",
	"MQTT.Preset":                      "broker.Preset",
	"MQTT.Headers":                     "broker.Headers",
	"MQTT.ALPN":                        "broker.ALPN",
	"MQTT.CertFile":                    "broker.CertFile",
	"MQTT.KeyFile":                     "broker.KeyFile",
	"MQTT.CAFile":                      "broker.CAFile",
	"Telemetry.Interval":               "broker.Interval",
	"Telemetry.Format":                 "broker.Format",
	"Telemetry.Metrics":                "broker.Metrics",
	"Telemetry.Sensors.Driver":         "broker.Sensors sensor.Driver",
	"Telemetry.Sensors.Bus":            "sensor.Bus",
	"Telemetry.Sensors.Address":        "sensor.Address",
	"Telemetry.Sensors.ID":             "sensor.ID",
	"Telemetry.Sensors.Metric":         "sensor.Metric",
	"Telemetry.Sensors.Shunt":          "sensor.Shunt",
	"Telemetry.Sensors.Unit":           "TestSensorsRead",
	"Telemetry.Sensors.Path":           "TestSensorsRead",
	"Telemetry.Sensors.Scale":          "TestSensorsRead",
	"Telemetry.Sensors.Command":        "TestSensorsRead",
	"Queue.MaxBytes":                   "queue.MaxBytes",
	"Queue.MaxAge":                     "queue.MaxAge",
	"Queue.Sync":                       "queue.Sync",
	"Queue.KeepFree":                   "inbox.KeepFree queue.KeepFree",
	"Secrets.Key":                      "store.KeySource",
	"Control.Socket":                   "TestStaleSocket",
	"Control.Status":                   "control.Status",
	"Control.Publish":                  "control.Publish",
	"Control.Subscribe":                "control.Subscribe",
	"Control.Token":                    "control.Token",
	"Control.Pair":                     "control.Pair",
	"Control.Reset":                    "control.Reset",
	"Hooks.OnEvent":                    "hooks.Command",
	"Log.Level":                        "cmd/paird",
	"Log.Format":                       "cmd/paird",
}

// Each key, set to a value of its own, reaches the options that obey it, and nothing else.
func TestEveryKeyArrives(t *testing.T) {
	base := func() config.Config {
		c := config.Default()
		c.Device.ID, c.Device.Name = "base-id", "base name"
		c.Auth.Issuer, c.Auth.ClientID = "https://base.example", "base"
		c.Auth.Params = map[string]string{"id": "{device_id}", "label": "{device_name}"}
		c.MQTT.URL = "mqtts://base.example"
		c.Display.Panel = "sim"
		c.Tokens = []config.Token{{Name: "base", Resource: "https://base.example", Scopes: []string{"base"}}}
		c.Telemetry.Sensors = []config.Sensor{{Driver: "ina219", Bus: "I2C1", Shunt: 0.1}}
		c.Control.Subscribe = []string{"*"}
		return c
	}
	before := options(t, base())
	seen := map[string]bool{}
	for _, key := range leaves(reflect.TypeFor[config.Config](), "") {
		seen[key] = true
		want, known := arrives[key]
		if !known {
			t.Errorf("%s is not in the table: which option obeys it?", key)
			continue
		}
		if !strings.Contains(want, ".") { // a test, or a package that holds it
			continue
		}
		c := base()
		change(t, key, field(reflect.ValueOf(&c).Elem(), key))
		if got := strings.Join(changed(before, options(t, c)), " "); got != want {
			t.Errorf("%s changes %q, want %q", key, got, want)
		}
	}
	for key := range arrives {
		if !seen[key] {
			t.Errorf("%s is in the table and no key of the configuration", key)
		}
	}
}

// options is everything that a configuration becomes, by name: "queue.MaxAge".
func options(t *testing.T, c config.Config) map[string]string {
	t.Helper()
	c = WithBoard(c)
	who := identify(c, func() (string, string) { return "board", "model" })
	auth, err := Authorization(c, who, "1", nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	broker, err := Broker(c, who, "1")
	if err != nil {
		t.Fatal(err)
	}
	hw := Hardware(c, who.Name, nil, nil)
	all := map[string]string{}
	for name, o := range map[string]any{
		"auth": auth, "broker": broker, "hal": hw, "store": stored(c, who.ID, Options{}), "queue": queueOptions(c),
		"inbox": inboxOptions(c), "control": controlOptions(c), "hooks": hooksOptions(c), "agent": agentOptions(c, who),
		"sensor": sensorOptions(c.Telemetry.Sensors[0]),
		"frames": Geometry(c, &hal.Board{Panel: blank{}}),
	} {
		flatten(all, name, reflect.ValueOf(o))
	}
	return all
}

// blank is a panel of no device.
type blank struct{ hal.Panel }

func (blank) Bounds() image.Rectangle { return image.Rect(0, 0, 128, 64) }

// flatten puts each field that holds a value into all.
func flatten(all map[string]string, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			flatten(all, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if v.Elem().Kind() == reflect.Struct && strings.HasPrefix(name, "auth.Cache") {
			flatten(all, name, v.Elem())
			return
		}
		all[name] = v.Elem().Type().String()
	case reflect.Func, reflect.Chan:
	default:
		all[name] = fmt.Sprint(v)
	}
}

// changed are the names whose values differ, without those below auth.Params that only follow it.
func changed(a, b map[string]string) []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if a[name] != b[name] {
			names = append(names, name)
		}
	}
	for name := range a {
		if _, there := b[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// leaves are the fields of a configuration that a key sets, with those of the lists' items.
func leaves(kind reflect.Type, at string) []string {
	var all []string
	for f := range kind.Fields() {
		item := f.Type
		if item.Kind() == reflect.Slice && item.Elem().Kind() == reflect.Struct {
			item = item.Elem()
		}
		switch {
		case !f.IsExported():
		case item.Kind() == reflect.Struct && item != reflect.TypeFor[image.Point]():
			all = append(all, leaves(item, at+f.Name+".")...)
		default:
			all = append(all, at+f.Name)
		}
	}
	return all
}

// field finds a leaf; of a list it is that of the first item.
func field(v reflect.Value, key string) reflect.Value {
	for name := range strings.SplitSeq(key, ".") {
		if v.Kind() == reflect.Slice {
			v = v.Index(0)
		}
		v = v.FieldByName(name)
	}
	return v
}

// change sets a field to a value that no other key has.
func change(t *testing.T, key string, v reflect.Value) {
	t.Helper()
	special := map[string]any{
		"Auth.Start": "auto", "MQTT.URL": "wss://other.example", "Display.Size": image.Pt(99, 77), "Sim.Panel": "waveshare2in13v4", "Telemetry.Sensors.Bus": "I2C7",
		"Auth.ClientSecretFile":    write(t, "secret", "hunter2"),
		"Auth.ClientKeyFile":       write(t, "key", privateKey(t)),
		"Telemetry.Sensors.Driver": "bh1750", "Display.Board": hal.Boards()[0].Name, "Display.Panel": "png",
		"Device.StateDir": t.TempDir(),
	}
	if value, ok := special[key]; ok {
		v.Set(reflect.ValueOf(value))
		return
	}
	switch v.Interface().(type) {
	case string:
		v.SetString("changed-" + strings.ReplaceAll(key, ".", "-"))
	case bool:
		v.SetBool(!v.Bool())
	case int:
		v.SetInt(v.Int() + 17)
	case float64:
		v.SetFloat(v.Float() + 17)
	case time.Duration:
		v.SetInt(v.Int() + int64(17*time.Second))
	case []string:
		v.Set(reflect.ValueOf([]string{"changed", key}))
	case map[string]string:
		v.Set(reflect.ValueOf(map[string]string{"changed": key}))
	default:
		t.Fatalf("%s: no value for a %s", key, v.Type())
	}
}

// A sensor that is a file or a program has its own name, unit, path, scale and command.
func TestSensorsRead(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", `
[[telemetry.sensor]]
driver = "file"
metric = "light"
unit = "lx"
path = "`+write(t, "raw", "21500\n")+`"
scale = 0.001
[[telemetry.sensor]]
driver = "exec"
metric = "wind"
unit = "m/s"
command = ["/bin/echo", "3"]
`)
	o, err := Broker(cfg, Device{ID: "dev1"}, "1")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		metric, unit string
		value        float64
	}{{"light", "lx", 21.5}, {"wind", "m/s", 3}} {
		got, err := o.Sensors[i].Read(t.Context())
		if err != nil || len(got) != 1 || got[want.metric] != want.value || o.Sensors[i].Unit(want.metric) != want.unit {
			t.Errorf("%v in %q (%v), want %+v", got, o.Sensors[i].Unit(want.metric), err, want)
		}
	}
}
