package bustest

import (
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// Setting is the value of a register when the picture is shown: a command by its number, in hexadecimal, and the data that it
// was given last, or RES# and the milliseconds of the pulse on it.
type Setting struct{ Name, Value string }

// Difference is a setting in which two drivers differ, and why ours does. "-": not sent.
type Difference struct{ Name, Vendor, Ours, Why string }

// shown is how long data is named: a waveform by its length and checksum.
func shown(data []byte) string {
	if len(data) > 12 {
		return fmt.Sprintf("%d bytes %08x", len(data), crc32.ChecksumIEEE(data))
	}
	return strings.TrimSpace(fmt.Sprintf("% x", data))
}

// addressing are the commands of the SSD16xx that say where data goes, and the data. What they do is compared by the picture.
const addressing = "\x11\x24\x26\x44\x45\x4e\x4f\x20"

// PaperSettings returns the settings of an SSD16xx at the last activation (20h) of the events. Command 12h takes earlier ones away; a
// pulse on RES# does not: see EPaper.
func PaperSettings(events []Event) []Setting {
	var now, last []Setting
	for i, e := range events {
		switch {
		case e.Kind == "reset" && e.Value == 0:
			now = set(now, "RES#", pulse(events, i))
		case e.Kind != "command":
		case e.Value == 0x12:
			now = append(slices.DeleteFunc(now, func(s Setting) bool { return s.Name != "RES#" }), Setting{"12", ""})
		case e.Value == 0x20:
			last = slices.Clone(now)
		case !strings.Contains(addressing, string(rune(e.Value))):
			now = set(now, fmt.Sprintf("%02x", e.Value), shown(e.Data))
		}
	}
	return last
}

// SleepSetting returns how the events put an SSD16xx to sleep (10h).
func SleepSetting(events []Event) []Setting {
	var all []Setting
	for _, e := range events {
		if e.Kind == "command" && e.Value == 0x10 {
			all = set(all, "10", shown(e.Data))
		}
	}
	return all
}

func set(all []Setting, name, value string) []Setting {
	all = slices.DeleteFunc(slices.Clone(all), func(s Setting) bool { return s.Name == name })
	return append(all, Setting{name, value})
}

// pulse is how long RES# was high before, low, and high after the fall at i.
func pulse(events []Event, i int) string {
	var before, low, after int
	if i > 1 && events[i-1].Kind == "sleep" && events[i-2].Kind == "reset" {
		before = events[i-1].Value
	}
	rest := events[i+1:]
	rose := slices.IndexFunc(rest, func(e Event) bool { return e.Kind == "reset" })
	if rose < 0 {
		return "never ends"
	}
	for _, e := range rest[:rose] {
		low += e.Value
	}
	for _, e := range rest[rose+1:] {
		if e.Kind != "sleep" {
			break
		}
		after += e.Value
	}
	return fmt.Sprintf("%d %d %d", before, low, after)
}

// Steps returns the pulses on RES# and the commands of the events one by one, for controllers that take some twice: "06", then
// "06 again". A picture (10h) is only named.
func Steps(events []Event) []Setting {
	var all []Setting
	add := func(name, data string) {
		for value(all, name) != "-" {
			name += " again"
		}
		all = append(all, Setting{name, data})
	}
	for i, e := range events {
		switch {
		case e.Kind == "reset" && e.Value == 0:
			add("RES#", pulse(events, i))
		case e.Kind != "command":
		case e.Value == 0x10:
			add("10", "")
		default:
			add(fmt.Sprintf("%02x", e.Value), shown(e.Data))
		}
	}
	return all
}

// OLEDSettings returns the settings after the events. What says where data goes is compared by the picture.
func (o *OLED) OLEDSettings(events []Event) []Setting {
	var all []Setting
	for _, e := range events {
		for rest := e.Data; e.Kind == "stream" && len(rest) > 0; {
			n := min(len(rest), 1+o.arguments(rest[0]))
			if name, value := oledSetting(rest[:n]); name != "" {
				all = set(all, name, value)
			}
			rest = rest[n:]
		}
	}
	return all
}

// oledSetting names commands whose argument is in their low bits by the lowest of them.
func oledSetting(c []byte) (name, value string) {
	bits := func(mask byte) (string, string) {
		return fmt.Sprintf("%02x", c[0]&^mask), fmt.Sprintf("%02x", c[0]&mask)
	}
	switch b := c[0]; {
	case b < 0x20, b&0xf0 == 0xb0, b == 0x21 && len(c) == 3, b == 0x22 && len(c) == 3, b == 0xe3: // addresses; no operation
		return "", ""
	case b >= 0x40 && b < 0x80:
		return bits(0x3f)
	case b >= 0xa0 && b < 0xa8, b >= 0xae && b < 0xb0:
		return bits(1)
	case b >= 0xc0 && b < 0xd0:
		return bits(0x0f)
	}
	return hex.EncodeToString(c[:1]), shown(c[1:])
}

// Compare returns what is wrong: a difference between the settings that is not among the explained ones, and an explained one
// that is none.
func Compare(vendor, ours []Setting, explained []Difference) []string {
	var wrong []string
	found := differences(vendor, ours)
	for _, d := range found {
		if !slices.ContainsFunc(explained, d.same) {
			wrong = append(wrong, fmt.Sprintf("%s: the vendor sends %q, we %q, and nothing says why", d.Name, d.Vendor, d.Ours))
		}
	}
	for _, d := range explained {
		if !slices.ContainsFunc(found, d.same) {
			wrong = append(wrong, fmt.Sprintf("%s: no difference of %q and %q any more", d.Name, d.Vendor, d.Ours))
		}
		if d.Why == "" {
			wrong = append(wrong, d.Name+": a difference without a reason")
		}
	}
	return wrong
}

func (d Difference) same(e Difference) bool {
	return d.Name == e.Name && d.Vendor == e.Vendor && d.Ours == e.Ours
}

func differences(vendor, ours []Setting) []Difference {
	var found []Difference
	for _, v := range vendor {
		if o := value(ours, v.Name); o != v.Value {
			found = append(found, Difference{Name: v.Name, Vendor: v.Value, Ours: o})
		}
	}
	for _, o := range ours {
		if v := value(vendor, o.Name); v == "-" {
			found = append(found, Difference{Name: o.Name, Vendor: "-", Ours: o.Value})
		}
	}
	return found
}

func value(all []Setting, name string) string {
	for _, s := range all {
		if s.Name == name {
			return s.Value
		}
	}
	return "-"
}
