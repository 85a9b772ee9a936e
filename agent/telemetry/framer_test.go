package telemetry

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func TestFramer(t *testing.T) {
	welcome := []byte{0x20, 2, 0, 0}
	with := func(b ...byte) []byte { return append(bytes.Clone(welcome), b...) }
	big := with(0x30, 0x80, 0x80, 0x08) // 128 KiB
	for name, c := range map[string]struct {
		in   []byte
		want error
		any  bool
	}{
		"welcome":           {in: welcome},
		"refusal":           {in: []byte{0x20, 2, 0, 5}, want: refusal(5)},
		"refusal 6":         {in: []byte{0x20, 2, 1, 6}, want: refusal(6)},
		"refusal 255":       {in: []byte{0x20, 2, 0, 255}, want: refusal(255)},
		"http":              {in: []byte("HTTP/1.1 400"), want: errNoConnack},
		"ssh":               {in: []byte("SSH-2.0"), want: errNoConnack},
		"long CONNACK":      {in: []byte{0x20, 3, 0, 0, 0}, want: errNoConnack},
		"empty CONNACK":     {in: []byte{0x20, 0}, want: errNoConnack},
		"ping":              {in: with(0xD0, 0, 0x40, 2, 0, 1, 0xD0, 0)},
		"second CONNACK":    {in: with(0x40, 2, 0, 1, 0x20, 2, 0, 0), any: true},
		"flagged CONNACK":   {in: with(0x21, 2, 0, 3), any: true},
		"suback":            {in: with(0x90, 3, 0, 1, 1, 0xD0, 0)},
		"suback of two":     {in: with(0x90, 4, 0, 1, 1, 1), any: true},
		"largest":           {in: append(bytes.Clone(big), make([]byte, 128<<10)...)},
		"too large":         {in: with(0x30, 0x81, 0x80, 0x08), any: true},
		"endless length":    {in: with(0x30, 0x80, 0x80, 0x80, 0x80, 0x01), any: true},
		"publish then ping": {in: with(0x30, 5, 0, 1, 'a', 'b', 'c', 0xD0, 0)},
	} {
		for _, step := range []int{1, 2, 3, len(c.in)} {
			var f framer
			var err error
			for rest := c.in; len(rest) > 0 && err == nil; rest = rest[min(step, len(rest)):] {
				err = f.feed(rest[:min(step, len(rest))])
			}
			if c.any && err == nil || !c.any && !errors.Is(err, c.want) {
				t.Errorf("%s by %d: %v", name, step, err)
			}
			if err == nil && !f.welcome {
				t.Errorf("%s by %d: no welcome", name, step)
			}
		}
	}
}

// FuzzFramer feeds the same bytes to the framer and to paho's parser: what passes must be packets
// that paho reads alike, beginning with a CONNACK 0 and within the bounds.
func FuzzFramer(f *testing.F) {
	f.Add([]byte{0x20, 2, 0, 0, 0x40, 2, 0, 1}, uint8(1))
	f.Add([]byte{0x20, 2, 0, 6}, uint8(3))
	f.Add([]byte{0x20, 2, 0, 0, 0x90, 3, 0, 1, 0x80, 0x30, 5, 0, 1, 'a', 'b', 'c'}, uint8(2))
	f.Add([]byte{0x20, 0x82, 0, 0, 0, 0x30, 0xff, 0xff, 0xff, 0xff}, uint8(200))
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		step := int(cut)%17 + 1
		var fr framer
		passed := 0
		for passed < len(in) {
			n := min(step, len(in)-passed)
			if fr.feed(in[passed:passed+n]) != nil {
				break
			}
			passed += n
		}
		r := bytes.NewReader(in[:passed])
		for first := true; ; first = false {
			packet, err := packets.ReadPacket(r)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return // cut short
			}
			if connack, ok := packet.(*packets.ConnackPacket); err == nil && (first != ok || ok && connack.ReturnCode != 0) {
				t.Fatalf("% x passed", in[:passed])
			}
			if suback, ok := packet.(*packets.SubackPacket); ok && len(suback.ReturnCodes) != 1 {
				t.Fatalf("% x passed", in[:passed])
			}
			if err != nil {
				return // paho ends the connection itself
			}
		}
	})
}
