package telemetry

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 250e6, time.UTC)

func TestRecordTime(t *testing.T) {
	early := moment{boot: "b1", up: 10 * time.Second}
	for name, c := range map[string]struct {
		made, sent moment
		want       string
	}{
		"clock set":         {moment{now: noon, set: true}, moment{now: noon.Add(time.Hour), set: true, boot: "b2"}, "2026-03-01T12:00:00.250Z"},
		"set since":         {early, moment{now: noon, set: true, boot: "b1", up: 70 * time.Second}, "2026-03-01T11:59:00.250Z"},
		"never set":         {early, moment{now: noon, boot: "b1", up: 70 * time.Second}, ""},
		"after a reboot":    {early, moment{now: noon, set: true, boot: "b2", up: 70 * time.Second}, ""},
		"no boot id":        {moment{up: 10 * time.Second}, moment{now: noon, set: true, up: 70 * time.Second}, ""},
		"clock ran back":    {early, moment{now: noon, set: true, boot: "b1", up: 5 * time.Second}, ""},
		"set, then not set": {moment{now: noon, set: true}, moment{boot: "b2"}, "2026-03-01T12:00:00.250Z"},
	} {
		payload, err := c.made.encode(map[string]any{"v": 1.5})
		if err != nil {
			t.Fatal(err)
		}
		r, err := c.sent.decode(payload, "s", 9)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"stream":"s","seq":9,"v":1.5}`
		if c.want != "" {
			want = `{"ts":"` + c.want + `",` + want[1:]
		}
		if got := string(r.json()); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestGapOfTheQueueIsOfNow(t *testing.T) {
	gap := []byte(`{"type":"gap","dropped":3,"from_seq":4,"to_seq":6}`)
	for set, want := range map[bool]string{
		true:  `{"ts":"2026-03-01T12:00:00.250Z","stream":"s","seq":6,"type":"gap","dropped":3,"from_seq":4,"to_seq":6}`,
		false: `{"stream":"s","seq":6,"type":"gap","dropped":3,"from_seq":4,"to_seq":6}`,
	} {
		r, err := moment{now: noon, set: set, boot: "b"}.decode(gap, "s", 6)
		if got := string(r.json()); err != nil || got != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

func TestSenML(t *testing.T) {
	units := map[string]string{"cpu_temp": "°C", "room_humidity": "%", "light": "lux", "disk": "%", "p x": "hPa"}
	r := record{at: noon, stream: "s", seq: 17, fields: map[string]json.RawMessage{
		"cpu_temp": []byte("48.2"), "room_humidity": []byte("40"), "light": []byte("1"), "disk": []byte("2"), "p x": []byte("1013"),
		"door": []byte("true"), "name": []byte(`"n"`), "odd": []byte("[1]"), "void": []byte("null"),
	}}
	const want = `[{"bn":"dev1/","bt":1772366400.25,"n":"stream","vs":"s"},{"n":"seq","v":17},{"n":"cpu_temp","u":"Cel","v":48.2},` +
		`{"n":"disk","u":"%","v":2},{"n":"door","vb":true},{"n":"light","u":"lx","v":1},{"n":"name","vs":"n"},{"n":"p_x","u":"hPa","v":1013},{"n":"room_humidity","u":"%RH","v":40}]`
	if got := string(r.senml("dev1", func(m string) string { return units[m] })); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	r = record{stream: "s", seq: 1}
	if got := string(r.senml("dev1", func(string) string { return "" })); got != `[{"bn":"dev1/","n":"stream","vs":"s"},{"n":"seq","v":1}]` {
		t.Error(got)
	}
}

// FuzzRecord finishes arbitrary queued bytes: the result is valid JSON with exactly our stream and
// seq, in both formats, or an error.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"ts":"2026-03-01T12:00:00Z","cpu_temp":48.2}`))
	f.Add([]byte(`{"@boot":"b","@up":5,"type":"paired"}`))
	f.Add([]byte(`{"type":"gap","dropped":3,"from_seq":4,"to_seq":6}`))
	f.Add([]byte(`{"seq":1,"stream":2,"seq":3, "a" : [1, {"b":null}],"\u0000":"\u2028"}`))
	f.Add([]byte(`{"@up":-9223372036854775808,"@boot":"b"}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		m := moment{now: noon, set: true, boot: "b", up: time.Hour}
		r, err := m.decode(payload, "stream", 42)
		if err != nil {
			return
		}
		var sent map[string]json.RawMessage // a struct would take "streAm" for "stream"
		if err := json.Unmarshal(r.json(), &sent); err != nil || string(sent["stream"]) != `"stream"` || string(sent["seq"]) != "42" || !strings.Contains(string(r.json()), `"stream":"stream","seq":42`) {
			t.Fatalf("%q became %q: %v", payload, r.json(), err)
		}
		var at time.Time
		if ts, there := sent["ts"]; there && json.Unmarshal(ts, &at) != nil {
			t.Fatalf("%q became %q", payload, r.json())
		}
		var pack []map[string]any
		if err := json.Unmarshal(r.senml("dev1", func(string) string { return "" }), &pack); err != nil || len(pack) < 2 || pack[0]["bn"] != "dev1/" {
			t.Fatalf("%q became %q: %v", payload, r.senml("dev1", func(string) string { return "" }), err)
		}
	})
}
