package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// The topics of records that are finished at sending, and the keys under which such a record, a
// flat JSON object, says when it was made: "ts" with the clock set, else boot id and time since.
const (
	topicTelemetry = "telemetry"
	topicEvent     = "event"

	eventReset = "reset"

	keyTime = "ts"
	keyBoot = "@boot"
	keyUp   = "@up" // milliseconds
)

// timestamp is RFC 3339 with milliseconds.
const timestamp = "2006-01-02T15:04:05.000Z07:00"

// moment is the present on both clocks.
type moment struct {
	now  time.Time
	set  bool
	boot string
	up   time.Duration
}

func (l *Link) moment() moment {
	var m moment
	m.now, m.set = l.o.Now()
	m.boot, m.up = l.o.Boot()
	return m
}

// encode makes the record for the queue.
func (m moment) encode(fields map[string]any) ([]byte, error) {
	all := maps.Clone(fields)
	if all == nil {
		all = map[string]any{}
	}
	if m.set {
		all[keyTime] = m.now.UTC().Format(timestamp)
	} else {
		all[keyBoot], all[keyUp] = m.boot, m.up.Milliseconds()
	}
	return json.Marshal(all)
}

// record is one that was decoded for sending.
type record struct {
	at     time.Time // zero if unknown
	stream string
	seq    uint64
	fields map[string]json.RawMessage
}

// decode reads a queued record. One without a time, such as the queue's own gap marker, was made just now.
func (m moment) decode(payload []byte, stream string, seq uint64) (record, error) {
	r := record{stream: stream, seq: seq}
	if err := json.Unmarshal(payload, &r.fields); err != nil || r.fields == nil {
		return r, errors.New("the queued record is no JSON object")
	}
	var ts, boot string
	var up int64
	_, booted := r.fields[keyBoot]
	for key, into := range map[string]any{keyTime: &ts, keyBoot: &boot, keyUp: &up} {
		if raw, ok := r.fields[key]; ok {
			if err := json.Unmarshal(raw, into); err != nil {
				return r, fmt.Errorf("the queued record's %s is malformed", key)
			}
		}
		delete(r.fields, key)
	}
	delete(r.fields, "stream")
	delete(r.fields, "seq")
	switch {
	case ts != "":
		r.at, _ = time.Parse(time.RFC3339, ts)
	case booted:
		r.at = m.since(boot, time.Duration(up)*time.Millisecond)
	case m.set:
		r.at = m.now
	}
	return r, nil
}

// since is the wall time of what happened at up of a boot; zero after a reboot and before the clock
// is set.
func (m moment) since(boot string, up time.Duration) time.Time {
	if !m.set || boot == "" || boot != m.boot || up > m.up {
		return time.Time{}
	}
	return m.now.Add(up - m.up)
}

// json is the record as the contract has it: ts, stream, seq, type, then the rest by name.
func (r record) json() []byte {
	var out bytes.Buffer
	out.WriteByte('{')
	if !r.at.IsZero() {
		fmt.Fprintf(&out, `"ts":%q,`, r.at.UTC().Format(timestamp))
	}
	stream, _ := json.Marshal(r.stream)
	fmt.Fprintf(&out, `"stream":%s,"seq":%d`, stream, r.seq)
	for _, key := range r.names() {
		name, _ := json.Marshal(key)
		fmt.Fprintf(&out, ",%s:%s", name, r.fields[key])
	}
	out.WriteByte('}')
	return out.Bytes()
}

// isReset reports whether a finished record is the event `reset`.
func isReset(payload []byte) bool {
	var event struct{ Type string }
	return json.Unmarshal(payload, &event) == nil && event.Type == eventReset
}

// names are those of the fields in order, but type first.
func (r record) names() []string {
	names := slices.Sorted(maps.Keys(r.fields))
	if i := slices.Index(names, "type"); i > 0 {
		copy(names[1:], names[:i])
		names[0] = "type"
	}
	return names
}

// senmlRecord is one record of a pack, with the labels of RFC 8428 section 4.3.
type senmlRecord struct {
	BaseName    string          `json:"bn,omitempty"`
	BaseTime    json.Number     `json:"bt,omitempty"` // seconds since 1970
	Name        string          `json:"n"`
	Unit        string          `json:"u,omitempty"`
	Value       json.RawMessage `json:"v,omitempty"`
	StringValue json.RawMessage `json:"vs,omitempty"`
	BoolValue   json.RawMessage `json:"vb,omitempty"`
}

// senml is the record as a SenML pack. Without a base time its values are "roughly now" (section 4.5.3).
func (r record) senml(deviceID string, unit func(metric string) string) []byte {
	stream, _ := json.Marshal(r.stream)
	seq, _ := json.Marshal(r.seq)
	pack := []senmlRecord{
		{BaseName: deviceID + "/", Name: "stream", StringValue: stream},
		{Name: "seq", Value: seq},
	}
	if !r.at.IsZero() {
		pack[0].BaseTime = unixSeconds(r.at)
	}
	for _, metric := range slices.Sorted(maps.Keys(r.fields)) {
		if s, ok := senmlValue(metric, unit(metric), r.fields[metric]); ok {
			pack = append(pack, s)
		}
	}
	out, _ := json.Marshal(pack) // cannot fail: raw values were decoded before
	return out
}

func unixSeconds(at time.Time) json.Number {
	s := at.UTC().Format("05.000")
	whole, _ := json.Marshal(at.Unix())
	return json.Number(string(whole) + strings.TrimRight(strings.TrimRight(s[2:], "0"), "."))
}

func senmlValue(metric, unit string, raw json.RawMessage) (senmlRecord, bool) {
	s := senmlRecord{Name: senmlName(metric), Unit: senmlUnit(metric, unit)}
	switch raw[0] {
	case '"':
		s.StringValue = raw
	case 't', 'f':
		s.BoolValue = raw
	case '{', '[', 'n':
		return s, false
	default:
		s.Value = raw
	}
	return s, true
}

// senmlName keeps to the characters of section 4.5.1: letters, digits and - : . / _
func senmlName(metric string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-:./_", r)) {
			return r
		}
		return '_'
	}, metric)
}

// senmlUnit spells a unit as the registries of RFC 8428 section 12.1 and RFC 8798 do.
func senmlUnit(metric, unit string) string {
	switch {
	case unit == "°C" || unit == "C":
		return "Cel"
	case unit == "%" && strings.Contains(metric, "humidity"):
		return "%RH"
	case unit == "lux":
		return "lx"
	}
	return unit
}
