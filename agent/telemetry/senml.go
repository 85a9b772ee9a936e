package telemetry

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

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
