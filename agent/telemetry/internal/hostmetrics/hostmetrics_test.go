package hostmetrics

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// board writes files below a new root.
func board(t *testing.T, files map[string]string) *Host {
	t.Helper()
	h := Open(t.TempDir())
	for path, content := range files {
		path = filepath.Join(h.root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.statfs = func(_ string, s *unix.Statfs_t) error {
		*s = unix.Statfs_t{Bsize: 4096, Blocks: 1000, Bfree: 300, Bavail: 250}
		return nil
	}
	return h
}

// What a Raspberry Pi Zero W says.
var zeroW = map[string]string{
	"proc/loadavg": "0.52 0.58 0.59 1/123 4567\n",
	"proc/uptime":  "93784.52 350735.47\n",
	"proc/meminfo": "MemTotal:         439000 kB\nMemFree:           60000 kB\nMemAvailable:     329250 kB\nBuffers:           30000 kB\n",
	"proc/net/wireless": "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n" +
		" face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n" +
		" wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0\n",
	"sys/class/thermal/thermal_zone0/type":                "cpu-thermal\n",
	"sys/class/thermal/thermal_zone0/temp":                "48312\n",
	"sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
	"sys/class/hwmon/hwmon1/name":                         "rpi_volt\n",
	"sys/class/hwmon/hwmon1/in0_lcrit_alarm":              "0\n",
}

func TestZeroW(t *testing.T) {
	got := board(t, zeroW).Read(Names())
	want := map[string]float64{
		"cpu_temp": 48.3, "load": 0.52, "memory": 25, "disk": 73.7, "uptime": 93784, "wifi": -56, "throttled": 1, "undervoltage": 1,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := board(t, zeroW).Read([]string{"load", "nonsense"}); !maps.Equal(got, map[string]float64{"load": 0.52}) {
		t.Errorf("got %v", got)
	}
}

func TestWhatABoardLacksIsLeftOut(t *testing.T) {
	bare := board(t, nil)
	bare.statfs = func(string, *unix.Statfs_t) error { return errors.New("no") }
	if got := bare.Read(Names()); len(got) != 0 {
		t.Errorf("got %v of nothing", got)
	}
	for name, c := range map[string]struct {
		files  map[string]string
		metric string
		want   map[string]float64
	}{
		"another zone first": {map[string]string{
			"sys/class/thermal/thermal_zone0/type": "battery", "sys/class/thermal/thermal_zone0/temp": "20000",
			"sys/class/thermal/thermal_zone1/type": "x86_pkg_temp", "sys/class/thermal/thermal_zone1/temp": "61000",
		}, "cpu_temp", map[string]float64{"cpu_temp": 61}},
		"an unknown zone":        {map[string]string{"sys/class/thermal/thermal_zone0/temp": "20000"}, "cpu_temp", map[string]float64{"cpu_temp": 20}},
		"a broken zone":          {map[string]string{"sys/class/thermal/thermal_zone0/temp": ""}, "cpu_temp", nil},
		"no signal":              {map[string]string{"proc/net/wireless": "a\nb\n wlan0: 0000 0. -256. -256 0\n"}, "wifi", nil},
		"a driver of other mind": {map[string]string{"proc/net/wireless": "a\nb\n wlan0: 0000 54. 200. 0 0\n"}, "wifi", nil},
		"cut short":              {map[string]string{"proc/net/wireless": "wlan0:", "proc/loadavg": "\n", "proc/uptime": "x"}, "wifi", nil},
		"old kernel":             {map[string]string{"proc/meminfo": "MemTotal: 10 kB\nMemFree: 5 kB\n"}, "memory", nil},
		"nonsense memory":        {map[string]string{"proc/meminfo": "MemTotal: 10 kB\nMemAvailable: 50 kB\n"}, "memory", nil},
		"not a number":           {map[string]string{"proc/loadavg": "NaN 1 1\n"}, "load", nil},
		"Pi 5 power":             {map[string]string{"sys/class/hwmon/hwmon2/name": "rpi_volt", "sys/class/hwmon/hwmon2/in0_lcrit_alarm": "1"}, "throttled", map[string]float64{"undervoltage": 1}},
		"Pi at ease":             {map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": "0"}, "throttled", map[string]float64{"throttled": 0, "undervoltage": 0}},
		"throttled in the past":  {map[string]string{"sys/devices/platform/soc/soc:firmware/get_throttled": "0x50000"}, "throttled", map[string]float64{"throttled": 0, "undervoltage": 0}},
	} {
		if got := board(t, c.files).Read([]string{c.metric}); !maps.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestThisMachine(t *testing.T) {
	got := Open("/").Read([]string{"load", "memory", "disk", "uptime"})
	if len(got) != 4 || got["uptime"] <= 0 || got["memory"] <= 0 || got["memory"] > 100 || got["disk"] < 0 || got["disk"] > 100 {
		t.Errorf("this machine says %v", got)
	}
}

func TestEveryMetricIsKnown(t *testing.T) {
	units := map[string]string{"cpu_temp": "°C", "load": "", "memory": "%", "disk": "%", "uptime": "s", "wifi": "dBm", "throttled": ""}
	for _, name := range Names() {
		if unit, known := units[name]; !known || Unit(name) != unit {
			t.Errorf("%s has the unit %q", name, Unit(name))
		}
	}
}
