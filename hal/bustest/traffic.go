package bustest

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"io"
	"strconv"
	"strings"
)

// Traffic is what a driver put on the wire of a panel: a vendor's own, recorded by scripts/vendor-traffic, or one of ours, recorded
// on a user's board by hal/bench.
type Traffic struct {
	Repository, Commit, File string // the vendor's driver
	Panel, Version           string // of ours: the name in hal's table, and the program's
	Size                     image.Point
	Pins                     map[string]string // role to pin, as "GPIO25"
	Events                   []Event

	ended bool // by "end"
	bytes int  // of data
}

// Event is one line of a recording.
//
//	operation NAME    what follows belongs to init, full, partial, fast or sleep, or to one of our screens
//	power LEVEL       the PWR pin of the board
//	reset LEVEL       RES#
//	sleep N           N milliseconds
//	busy [N]          a wait until BUSY says idle, of N milliseconds
//	command C DATA    SPI: a command and its data, in hexadecimal
//	stream BYTES      OLED: commands; on I2C those after the control bytes 00 and 80
//	data BYTES        OLED: data; on I2C those after the control byte 40
//	read BYTES        OLED: the status that was read
//	error TEXT        what the bus, a pin or the driver said
//	end               the last line of a recording of ours
//
// More than 200 bytes of data follow on lines of their own, "	COUNTx BYTES": equal rows counted, "ff*3" for three equal bytes.
type Event struct {
	Kind  string
	Name  string // of an operation; an error's text
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

// The limits of a recording. A frame of the largest panel is 200 KB of data.
const (
	maxText   = 32 << 20
	maxBytes  = 16 << 20
	maxEvents = 200_000
)

// ParseTraffic reads a recording of ours. It may come from anywhere: the error says what is wrong with it, and in which line.
func ParseTraffic(r io.Reader) (Traffic, error) {
	t := Traffic{Pins: map[string]string{}}
	lines := bufio.NewScanner(&io.LimitedReader{R: r, N: maxText})
	n := 1
	for ; lines.Scan(); n++ {
		if err := t.parse(lines.Text()); err != nil {
			return t, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch {
	case lines.Err() != nil:
		return t, fmt.Errorf("line %d: %w", n, lines.Err())
	case t.Panel == "":
		return t, errors.New("no recording of a panel: it has no line \"panel\"")
	case !t.ended:
		return t, fmt.Errorf("the recording is cut off after line %d: the last line is not \"end\"", n-1)
	}
	return t, nil
}

func (t *Traffic) parse(line string) error {
	kind, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || kind == "#":
		return nil
	case t.ended:
		return errors.New("more after \"end\"")
	case strings.HasPrefix(line, "\t"):
		return t.more(line[1:])
	}
	return t.header(kind, rest)
}

// more adds rows to the last event.
func (t *Traffic) more(text string) error {
	if len(t.Events) == 0 {
		return errors.New("data of nothing")
	}
	data, err := rows(text, maxBytes-t.bytes)
	last := &t.Events[len(t.Events)-1]
	last.Data = append(last.Data, data...)
	t.bytes += len(data)
	return err
}

func (t *Traffic) header(kind, rest string) (err error) {
	switch kind {
	case "repository":
		t.Repository = rest
	case "commit":
		t.Commit = rest
	case "file":
		t.File = rest
	case "panel":
		t.Panel = rest
	case "version":
		t.Version = rest
	case "size":
		_, err = fmt.Sscanf(rest, "%dx%d", &t.Size.X, &t.Size.Y)
	case "pins":
		for p := range strings.FieldsSeq(rest) {
			role, number, _ := strings.Cut(p, "=")
			t.Pins[role] = "GPIO" + number
		}
	case "end":
		t.ended = true
	default:
		if len(t.Events) == maxEvents {
			return fmt.Errorf("more than %d events", maxEvents)
		}
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
		e.Name, err = rest, checkName(rest)
	case "error":
		e.Name = rest
	case "busy":
		if rest != "" {
			e.Value, err = strconv.Atoi(rest)
		}
	case "power", "reset", "sleep":
		e.Value, err = strconv.Atoi(rest)
	case "stream", "data", "read":
		e.Data, err = hex.DecodeString(strings.ReplaceAll(rest, " ", ""))
	case "command":
		var all []byte
		if all, err = hex.DecodeString(strings.ReplaceAll(rest, " ", "")); err == nil && len(all) == 0 {
			err = errors.New("a command without its number")
		}
		if err == nil {
			e.Value, e.Data = int(all[0]), all[1:]
		}
	default:
		err = fmt.Errorf("unknown line %q", kind[:min(len(kind), 40)])
	}
	return e, err
}

// checkName accepts what can be a part of a file's name.
func checkName(name string) error {
	bad := strings.ContainsFunc(name, func(c rune) bool { return !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') })
	if bad || name == "" || len(name) > 32 {
		return fmt.Errorf("operation %q: a name has small letters, digits and \"-\"", name[:min(len(name), 40)])
	}
	return nil
}

// rows is "3x ff*12 fe": the bytes of a row, as often as it repeats, but no more than room.
func rows(text string, room int) ([]byte, error) {
	count, row, _ := strings.Cut(text, "x ")
	n, err := strconv.Atoi(count)
	if err != nil {
		return nil, err
	}
	var one []byte
	for run := range strings.FieldsSeq(row) {
		value, times, many := strings.Cut(run, "*")
		k := 1
		if many {
			if k, err = strconv.Atoi(times); err != nil {
				return nil, err
			}
		}
		part, err := hex.DecodeString(value)
		if err != nil {
			return nil, err
		}
		if one, err = repeat(one, part, k, room); err != nil {
			return nil, err
		}
	}
	return repeat(nil, one, n, room)
}

// repeat appends b n times, but no more than room bytes.
func repeat(to, b []byte, n, room int) ([]byte, error) {
	if n < 0 || len(b) > 0 && n > (room-len(to))/len(b) {
		return nil, fmt.Errorf("%d times %d bytes: a recording has %d bytes at most", n, len(b), maxBytes)
	}
	return append(to, bytes.Repeat(b, n)...), nil
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
