package daemon

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/clock"
	"github.com/paird/paird/agent/store"
	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/sensor"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAuthorization follows the keys of [auth] into the client.
func TestAuthorization(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", `
client_secret_file = "`+write(t, "secret", " hunter2 \r\n")+`"
audience = "api"
resource = ["https://a.example.com"]
[auth.params]
label = "{device_name} is {device_id}"
[[token]]
name = "print"
resource = "https://b.example.com"
scopes = ["print", "scan"]
`)
	c, err := Authorization(cfg, Device{ID: "dev1", Name: "Kitchen"}, "1", nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if c.ClientSecret != " hunter2 " || c.ClientAuth != "" {
		t.Errorf("secret %q, %s", c.ClientSecret, c.ClientAuth)
	}
	if got := c.Params["label"]; got != "Kitchen is dev1" {
		t.Errorf("params: %q", got)
	}
	if got := strings.Join(append(c.FurtherScopes, c.FurtherResources...), " "); got != "print scan https://b.example.com" {
		t.Errorf("further: %s", got)
	}
	if a := audiences(cfg)["print"]; a.Resource != "https://b.example.com" || len(a.Scopes) != 2 {
		t.Errorf("audience: %+v", a)
	}
}

// privateKey is one in PKCS#8 PEM.
func privateKey(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// TestReadKey takes a private key in PKCS#8 and says what else it was given.
func TestReadKey(t *testing.T) {
	good := privateKey(t)
	block, _ := pem.Decode([]byte(good))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := readKey(write(t, "key", good)); err != nil || !key.(*ecdsa.PrivateKey).Equal(got) {
		t.Errorf("a good key: %v", err)
	}
	if got, err := readKey(""); got != nil || err != nil {
		t.Errorf("none: %v, %v", got, err)
	}
	for name, text := range map[string]string{
		"empty": "", "text": "hello", "not a key": "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
	} {
		if _, err := readKey(write(t, "key", text)); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestHardware gives hal a size only where it matters.
func TestHardware(t *testing.T) {
	for more, want := range map[string]image.Point{
		"[display]\npanel = \"png\"\n[png]\nfile = \"/x\"\n":          image.Pt(128, 64),
		"[display]\npanel = \"waveshare2in13v2\"\nbus = \"SPI0.0\"\n": {},
		"[display]\npanel = \"ssd1306\"\nsize = \"128x32\"\n":         image.Pt(128, 32),
		"[display]\npanel = \"sim\"\n":                                image.Pt(128, 64),
	} {
		cfg := configured(t, t.TempDir(), "https://auth.example.com", more)
		if got := Hardware(cfg, "x", nil, nil); got.Size != want {
			t.Errorf("%q: %v", more, got.Size)
		}
	}
}

// TestSimIsAPanel: the simulator has the size, paper and colours of the panel that [sim] names, and so has display.
func TestSimIsAPanel(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", "[display]\npanel = \"sim\"\nsize = \"128x64\"\n[sim]\npanel = \"inkywhat\"\nlisten = \"127.0.0.1:0\"\n")
	b, err := hal.Open(t.Context(), Hardware(cfg, "x", nil, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if g := Geometry(cfg, b); g.Width != 400 || g.Height != 300 || !g.Paper || !g.Accent || !g.Whole {
		t.Errorf("%+v", g)
	}
	cfg.Sim.Panel = "lcd"
	if err := Check(cfg); err == nil || !strings.Contains(err.Error(), "sim.panel: there is no panel") {
		t.Error(err)
	}
}

// TestBoardIsOneLine: display.board is a whole configuration of the hardware; what the file sets besides it holds.
func TestBoardIsOneLine(t *testing.T) {
	cfg := WithBoard(configured(t, t.TempDir(), "https://auth.example.com", "[display]\nboard = \"waveshare-2in13-v4\"\nrotate = 90\n[button]\npin = \"GPIO5\"\n"))
	o := Hardware(cfg, "x", nil, nil)
	if o.Panel != "waveshare2in13v4" || o.Bus != "SPI0.0" || o.Pins["power"] != "GPIO18" || o.Pins["dc"] != "GPIO25" || o.Rotate != 90 || o.ButtonPin != "GPIO5" {
		t.Errorf("%+v", o)
	}
	if err := Check(cfg); err != nil {
		t.Error(err)
	}
	var printed strings.Builder
	if err := cfg.Print(&printed); err != nil || !strings.Contains(printed.String(), "panel = \"waveshare2in13v4\"  # board waveshare-2in13-v4\n") ||
		!strings.Contains(printed.String(), "rotate = 90  # line ") {
		t.Errorf("%v\n%s", err, printed.String())
	}
	small := WithBoard(configured(t, t.TempDir(), "https://auth.example.com", "[display]\nboard = \"adafruit-pioled\"\n"))
	if o := Hardware(small, "x", nil, nil); o.Size != image.Pt(128, 32) {
		t.Errorf("size %v", o.Size)
	}
	unknown := configured(t, t.TempDir(), "https://auth.example.com", "[display]\nboard = \"abacus\"\n")
	if err := Check(unknown); err == nil || !strings.Contains(err.Error(), "display.board: there is no board") {
		t.Error(err)
	}
}

// TestEveryBoard can be configured by its name alone.
func TestEveryBoard(t *testing.T) {
	for _, b := range hal.Boards() {
		cfg := configured(t, t.TempDir(), "https://auth.example.com", "[display]\nboard = \""+b.Name+"\"\n")
		o := Hardware(WithBoard(cfg), "x", nil, nil)
		if err := Check(cfg); err != nil || o.Panel != b.Panel || o.ButtonPin != b.Button || len(o.Pins) != len(b.Pins) {
			t.Errorf("%s: %v, %+v", b.Name, err, o)
		}
	}
}

// TestGeometry is the panel's as its reader sees it.
func TestGeometry(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", "[display]\npanel = \"terminal\"\nsize = \"128x32\"\nlanguage = \"de\"\n")
	b, err := hal.Open(t.Context(), Hardware(cfg, "x", &output{}, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if g := Geometry(cfg, b); g.Width != 128 || g.Height != 32 || g.Language != "de" || g.Paper {
		t.Errorf("%+v", g)
	}
}

// TestSensors makes each kind that needs no hardware to be made.
func TestSensors(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", `
[[telemetry.sensor]]
driver = "file"
metric = "light"
path = "/x"
[[telemetry.sensor]]
driver = "exec"
metric = "wind"
command = ["/bin/true"]
[[telemetry.sensor]]
driver = "bme280"
bus = "I2C1"
`)
	o, err := Broker(cfg, Device{ID: "dev1"}, "1")
	if err != nil || len(o.Sensors) != 3 {
		t.Fatalf("%d sensors: %v", len(o.Sensors), err)
	}
}

// TestEverySensorOfHal can be configured; the configuration has no list of its own.
func TestEverySensorOfHal(t *testing.T) {
	for _, name := range append(sensor.Drivers(), "dht22") {
		cfg := configured(t, t.TempDir(), "https://auth.example.com", "[[telemetry.sensor]]\ndriver = \""+name+"\"\n")
		_, err := Broker(cfg, Device{ID: "dev1"}, "1")
		if known := name != "dht22"; (err == nil) != known {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (!strings.Contains(err.Error(), "scd4x") || !strings.Contains(err.Error(), "exec")) {
			t.Errorf("the list is missing: %v", err)
		}
	}
}

// TestSensorOnAnotherBus is refused in the words of its key.
func TestSensorOnAnotherBus(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", "[[telemetry.sensor]]\ndriver = \"bme280\"\nbus = \"SPI0.0\"\n")
	if _, err := Broker(cfg, Device{ID: "dev1"}, "1"); err == nil || !strings.HasPrefix(err.Error(), "telemetry.sensor[1].bus: ") {
		t.Error(err)
	}
}

// TestSensorKeys: each key of a sensor on a bus reaches its driver.
func TestSensorKeys(t *testing.T) {
	cfg := configured(t, t.TempDir(), "https://auth.example.com", `
[[telemetry.sensor]]
driver = "ina219"
bus = "I2C3"
address = 0x41
metric = "solar"
shunt = 0.002
`)
	want := sensor.Options{Driver: "ina219", Bus: "I2C3", Address: 0x41, Metric: "solar", Shunt: 0.002}
	if got := sensorOptions(cfg.Telemetry.Sensors[0]); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestClockUnset makes the client refuse to verify before the clock is set, and not later.
func TestClockUnset(t *testing.T) {
	for _, floor := range []time.Duration{-time.Hour, time.Hour} {
		d := &device{
			cfg: configured(t, t.TempDir(), "https://auth.example.com", ""), store: &store.Store{},
			o: Options{Log: slog.New(slog.DiscardHandler)}, clock: clock.New(clock.Options{
				Floor: time.Now().Add(floor), Adjtimex: func() (bool, error) { return false, nil },
			}),
		}
		c, err := d.authorization()
		if err != nil {
			t.Fatal(err)
		}
		if c.ClockSet() != (floor < 0) {
			t.Errorf("floor %v: set is %v", floor, c.ClockSet())
		}
	}
}
