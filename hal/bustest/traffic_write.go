package bustest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Write writes a recording of ours as ParseTraffic reads it.
func (t Traffic) Write(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by \"pairlab record\"; \"pairlab replay\" shows it.\npanel %s\nsize %dx%d\nversion %s\n", t.Panel, t.Size.X, t.Size.Y, oneLine(t.Version))
	for _, e := range t.Events {
		e.write(&b)
	}
	b.WriteString("end\n")
	_, err := w.Write(b.Bytes())
	return err
}

func (e Event) write(b *bytes.Buffer) {
	switch e.Kind {
	case "operation":
		fmt.Fprintf(b, "\noperation %s\n", e.Name)
	case "error":
		fmt.Fprintf(b, "error %s\n", oneLine(e.Name))
	case "power", "reset", "sleep", "busy":
		fmt.Fprintf(b, "%s %d\n", e.Kind, e.Value)
	case "command":
		e.writeData(b, fmt.Sprintf("command %02x", e.Value))
	default:
		e.writeData(b, e.Kind)
	}
}

const (
	shortData = 200 // bytes that stand on the event's own line
	rowLength = 32
)

func (e Event) writeData(b *bytes.Buffer, head string) {
	if len(e.Data) <= shortData {
		fmt.Fprintf(b, "%s\n", strings.TrimSpace(fmt.Sprintf("%s % x", head, e.Data)))
		return
	}
	b.WriteString(head + "\n")
	all := slices.Collect(slices.Chunk(e.Data, rowLength))
	for len(all) > 0 {
		n := 1
		for n < len(all) && bytes.Equal(all[n], all[0]) {
			n++
		}
		fmt.Fprintf(b, "\t%dx %s\n", n, hex.EncodeToString(all[0]))
		all = all[n:]
	}
}

// oneLine is text on one line, its words apart by a space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
