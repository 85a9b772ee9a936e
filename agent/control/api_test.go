package control

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func reference(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("API.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Every call of the handler has its chapter and no other; the chapter names who may and what the handler answers.
func TestReferenceCalls(t *testing.T) {
	source, err := os.ReadFile("handler.go")
	if err != nil {
		t.Fatal(err)
	}
	var calls, chapters []string
	for _, m := range regexp.MustCompile(`mux\.Handle\("([A-Z]+ /[^"]+)", h\.\w+\(o\.(\w+),`).FindAllStringSubmatch(string(source), -1) {
		calls = append(calls, m[1]+" "+strings.ToLower(m[2]))
	}
	text := reference(t)
	over := make(chan []byte)
	close(over)
	chapter := regexp.MustCompile("(?s)^(.*?)\nAllowed: `control\\.(\\w+)`(.*)$")
	for _, one := range strings.Split(text, "\n### ")[1:] {
		one, _, _ = strings.Cut(one, "\n## ")
		m := chapter.FindStringSubmatch(one)
		if m == nil {
			t.Errorf("it does not say who may: %q", one)
			continue
		}
		chapters = append(chapters, m[1]+" "+m[2])
		if m[1] == "GET /v1/messages" {
			continue // its stream does not end
		}
		method, target, _ := strings.Cut(strings.NewReplacer("{seq}", "1", "/v1/publish", "/v1/publish?topic=a").Replace(m[1]), " ")
		code, body := ask(&fake{events: over}, HandlerOptions{}, 0, method, target, nil)
		if !strings.Contains(m[3], fmt.Sprint(code)) {
			t.Errorf("%s answers %d %s, which its chapter does not say", m[1], code, body)
		}
	}
	slices.Sort(calls)
	slices.Sort(chapters)
	if len(calls) < 10 || !slices.Equal(calls, chapters) {
		t.Errorf("calls\n%s\nchapters\n%s", strings.Join(calls, "\n"), strings.Join(chapters, "\n"))
	}
}

// The examples are what the types give, with every field of theirs.
func TestReferenceJSON(t *testing.T) {
	text := reference(t)
	var edge struct {
		Down bool `json:"down"`
	}
	for name, v := range map[string]any{"status": &Status{}, "token": &Token{}, "reset": &ResetResult{}, "message": &Message{}, "edge": &edge, "error": &Error{}} {
		_, example, ok := strings.Cut(text, "```json "+name+"\n")
		example, _, _ = strings.Cut(example, "```")
		d := json.NewDecoder(strings.NewReader(example))
		d.DisallowUnknownFields()
		if err := d.Decode(v); !ok || err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, field := range fieldsOf(reflect.TypeOf(v)) {
			if !strings.Contains(example, `"`+field+`":`) {
				t.Errorf("%s: %s is not there", name, field)
			}
		}
	}
	for text, want := range map[string]bool{ButtonDown: true, ButtonUp: false} {
		if err := json.Unmarshal([]byte(text), &edge); err != nil || edge.Down != want {
			t.Errorf("%s: %v %v", text, edge, err)
		}
	}
}

// fieldsOf are the JSON names in a type of this package.
func fieldsOf(t reflect.Type) (names []string) {
	switch {
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice:
		return fieldsOf(t.Elem())
	case t.Kind() != reflect.Struct || t == reflect.TypeFor[time.Time]():
		return nil
	}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(append(names, name), fieldsOf(field.Type)...)
	}
	return names
}

// Every error has its row with its status, every event its row with the fields that event.go names.
func TestReferenceTables(t *testing.T) {
	text := reference(t)
	for _, code := range []Code{NotPaired, BadRequest, TooLarge, Forbidden, Unavailable, Storage, Busy} {
		if !strings.Contains(text, fmt.Sprintf("| `%s` | %d |", code, code.status())) {
			t.Errorf("%s has no row with %d", code, code.status())
		}
	}
	source, err := os.ReadFile("event.go")
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^((?:\t// .*\n)+)\tEvent\w+ +EventType = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		fields[m[2]] = m[1]
	}
	if len(fields) != len(Routes()) {
		t.Fatalf("%d events found, there are %d", len(fields), len(Routes()))
	}
	for _, event := range slices.Sorted(maps.Keys(fields)) {
		row := regexp.MustCompile("(?m)^\\| `" + event + "` \\|.*$").FindString(text)
		if row == "" {
			t.Errorf("%s has no row", event)
		}
		if queued := Routes()[EventType(event)].MQTT == Whole || EventType(event) == EventGap; strings.HasSuffix(row, "| yes |") != queued {
			t.Errorf("%s: sent to the broker is %v, not what is in %s", event, queued, row)
		}
		for _, m := range regexp.MustCompile(`"(\w+)":`).FindAllStringSubmatch(fields[event], -1) {
			if !strings.Contains(row, "`"+m[1]+"`") {
				t.Errorf("%s: %s is not in %s", event, m[1], row)
			}
		}
	}
}

// The metrics are lines of the text format, each of a named and typed metric, and the reference has all names.
func TestMetrics(t *testing.T) {
	s := Status{
		Version: "v1 \"x\"", Grant: &Grant{Subject: "sub-1", Name: "Alice", ExpiresIn: 60, Refreshed: time.Unix(1_790_000_000, 0)},
		Pairing: &Pairing{UserCode: "WDJB-MJHT"}, Broker: &Broker{State: BrokerOnline, Oversized: 2},
		Queue: &Queue{Messages: 3, Bytes: 99, Dropped: 7}, Panel: &Panel{OK: true},
		Problems: []Problem{{Code: ProblemTLS, Detail: "secret.example"}},
	}
	counts := map[EventType]uint64{EventRefreshed: 5, EventOnline: 2}
	code, body := ask(&fake{status: s, counts: counts}, HandlerOptions{Status: []string{"*"}}, stranger, "GET", "/v1/metrics", nil)
	if code != 200 {
		t.Fatalf("%d %s", code, body)
	}
	for _, line := range []string{`paird_info{version="v1 \"x\""} 1`, "paird_paired 1", "paird_pairing 1", "paird_clock_synchronised 0",
		"paird_token_refreshed_timestamp_seconds 1790000000", "paird_token_expires_in_seconds 60", "paird_broker_online 1",
		"paird_broker_oversized_total 2", "paird_queue_messages 3", "paird_queue_bytes 99", "paird_queue_dropped_total 7",
		"paird_panel_ok 1", `paird_events_total{type="refreshed"} 5`, `paird_events_total{type="online"} 2`, `paird_events_total{type="gap"} 0`,
		`paird_problem{code="tls"} 1`, `paird_problem{code="broker"} 0`} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("%s is not in\n%s", line, body)
		}
	}
	for _, secret := range []string{"sub-1", "Alice", "WDJB", "secret.example"} {
		if strings.Contains(body, secret) {
			t.Errorf("%s is in the metrics", secret)
		}
	}
	text, typed := reference(t), map[string]bool{}
	for line := range strings.Lines(body) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(strings.TrimSpace(rest), " ")
			typed[name] = kind == "gauge" || kind == "counter" && strings.HasSuffix(name, "_total")
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s is not in the reference", name)
			}
			continue
		}
		m := regexp.MustCompile(`^([a-z_]+)(\{[a-z]+="(\\.|[^"\\])*"\})? -?[0-9]+\n$`).FindStringSubmatch(line)
		if !strings.HasPrefix(line, "# HELP ") && (m == nil || !typed[m[1]]) {
			t.Errorf("no line of the format, or of no type: %q", line)
		}
	}
	if bare := metricsOf(Status{}, nil); bytes.Contains([]byte(bare), []byte("paird_broker_")) || strings.Count(bare, "\npaird_problem{") != len(Problems()) {
		t.Errorf("a device without a broker:\n%s", bare)
	}
}
