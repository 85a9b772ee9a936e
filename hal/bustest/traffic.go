package bustest

import (
	"embed"
	"encoding/hex"
	"fmt"
	"image"
	"strconv"
	"strings"
)

// Traffic is what a driver put on the wire of a panel: a vendor's own, recorded by scripts/vendor-traffic, or one of ours.
type Traffic struct {
	Repository, Commit, File string // the vendor's driver
	Size                     image.Point
	Pins                     map[string]string // role to pin, as "GPIO25"
	Events                   []Event
}

// Event is one line of a recording.
//
//	operation NAME    what follows belongs to init, full, partial, fast or sleep
//	power LEVEL       the PWR pin of the board
//	reset LEVEL       RES#
//	sleep N           N milliseconds
//	busy              a wait until BUSY says idle
//	command C DATA    SPI: a command and its data, in hexadecimal
//	stream BYTES      I2C: commands, those after the control bytes 00 and 80
//	data BYTES        I2C: data, those after the control byte 40
//
// More than 200 bytes of data follow on lines of their own, "	COUNTx BYTES": equal rows counted, "ff*3" for three equal bytes.
type Event struct {
	Kind  string
	Name  string // of an operation
	Value int    // level, milliseconds or command
	Data  []byte
}

//go:embed testdata/vendor
var recordings embed.FS

// ReadTraffic returns the recording of a panel, by its name in hal's table; for an OLED NAME-WxH.
func ReadTraffic(panel string) (Traffic, error) {
	text, err := recordings.ReadFile("testdata/vendor/" + panel + ".txt")
	if err != nil {
		return Traffic{}, err
	}
	t := Traffic{Pins: map[string]string{}}
	for n, line := range strings.Split(string(text), "\n") {
		if err := t.parse(line); err != nil {
			return t, fmt.Errorf("%s.txt:%d: %w", panel, n+1, err)
		}
	}
	return t, nil
}

func (t *Traffic) parse(line string) error {
	kind, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || kind == "#":
		return nil
	case strings.HasPrefix(line, "\t"):
		data, err := rows(line[1:])
		last := &t.Events[len(t.Events)-1]
		last.Data = append(last.Data, data...)
		return err
	}
	return t.header(kind, rest)
}

func (t *Traffic) header(kind, rest string) (err error) {
	switch kind {
	case "repository":
		t.Repository = rest
	case "commit":
		t.Commit = rest
	case "file":
		t.File = rest
	case "size":
		_, err = fmt.Sscanf(rest, "%dx%d", &t.Size.X, &t.Size.Y)
	case "pins":
		for p := range strings.FieldsSeq(rest) {
			role, number, _ := strings.Cut(p, "=")
			t.Pins[role] = "GPIO" + number
		}
	default:
		e, err := event(kind, rest)
		t.Events = append(t.Events, e)
		return err
	}
	return err
}

func event(kind, rest string) (e Event, err error) {
	e.Kind = kind
	switch kind {
	case "operation":
		e.Name = rest
	case "power", "reset", "sleep":
		e.Value, err = strconv.Atoi(rest)
	case "busy":
	case "stream", "data":
		e.Data, err = hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	case "command":
		var all []byte
		if all, err = hex.DecodeString(strings.ReplaceAll(rest, " ", "")); err == nil {
			e.Value, e.Data = int(all[0]), all[1:]
		}
	default:
		err = fmt.Errorf("unknown line %q", kind)
	}
	return e, err
}

// rows is "3x ff*12 fe": the bytes of a row, as often as it repeats.
func rows(text string) ([]byte, error) {
	count, row, _ := strings.Cut(text, "x ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for run := range strings.FieldsSeq(row) {
		value, times, many := strings.Cut(run, "*")
		k := 1
		if many {
			if k, err = strconv.Atoi(times); err != nil {
				return nil, err
			}
		}
		b.WriteString(strings.Repeat(value, k))
	}
	return hex.DecodeString(strings.Repeat(b.String(), n))
}

// Operations returns the names of the operations, in order.
func (t Traffic) Operations() []string {
	var names []string
	for _, e := range t.Events {
		if e.Kind == "operation" {
			names = append(names, e.Name)
		}
	}
	return names
}

// Of returns the events of one operation.
func (t Traffic) Of(operation string) []Event {
	var found []Event
	in := false
	for _, e := range t.Events {
		switch {
		case e.Kind == "operation":
			in = e.Name == operation
		case in:
			found = append(found, e)
		}
	}
	return found
}

// The inks of Ink.
const (
	InkWhite = iota
	InkBlack
	InkRed
)

// Ink is a pixel of the picture that the vendors' drivers drew, or of the second one, which a partial refresh shows.
// scripts/vendor-traffic/pictures.py has the same.
func Ink(x, y int, size image.Point, second bool) int {
	w, h := size.X, size.Y
	switch p := image.Pt(x, y); {
	case p == image.Point{}, p.In(image.Rect(3, 2, w/2, h/4)), p.In(image.Rect(w*3/4, h/2, w-5, h-3)):
		return InkBlack
	case p.In(image.Rect(5, h*5/8, w/4, h-1)):
		return InkRed
	case second && p.In(image.Rect(w/4, h*3/8, w/2, h/2)):
		return InkBlack
	}
	return InkWhite
}
