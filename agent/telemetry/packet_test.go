package telemetry

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// pieces gives its bytes step by step, however many are asked for.
type pieces struct {
	in   []byte
	step int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.in) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.in[:min(p.step, len(p.in))])
	p.in = p.in[n:]
	return n, nil
}

// passed is what a packetReader makes of a broker's bytes.
type passed struct {
	out       []byte
	err       error
	connacked bool
	dropped   []oversized
	acked     []uint16
}

func pass(in []byte, step int) (p passed) {
	r := packetReader{
		in:      bufio.NewReaderSize(&pieces{in, step}, 16),
		dropped: func(o oversized) { p.dropped = append(p.dropped, o) },
		puback:  func(id uint16) { p.acked = append(p.acked, id) },
	}
	p.out, p.err = io.ReadAll(&r)
	p.connacked = r.connacked
	return p
}

var accepted = []byte{0x20, 2, 0, 0}

// after is a CONNACK 0 and what follows.
func after(b ...byte) []byte { return append(bytes.Clone(accepted), b...) }

func TestPacketReader(t *testing.T) {
	big := after(0x30, 0x80, 0x80, 0x08) // 128 KiB
	for name, c := range map[string]struct {
		in   []byte
		want error
		any  bool
	}{
		"accepted":          {in: accepted},
		"refusal":           {in: []byte{0x20, 2, 0, 5}, want: refusal(5)},
		"refusal 6":         {in: []byte{0x20, 2, 1, 6}, want: refusal(6)},
		"refusal 255":       {in: []byte{0x20, 2, 0, 255}, want: refusal(255)},
		"http":              {in: []byte("HTTP/1.1 400"), want: errNoConnack},
		"ssh":               {in: []byte("SSH-2.0"), want: errNoConnack},
		"long CONNACK":      {in: []byte{0x20, 3, 0, 0, 0}, want: errNoConnack},
		"empty CONNACK":     {in: []byte{0x20, 0}, want: errNoConnack},
		"ping":              {in: after(0xD0, 0, 0x40, 2, 0, 1, 0xD0, 0)},
		"second CONNACK":    {in: after(0x40, 2, 0, 1, 0x20, 2, 0, 0), any: true},
		"flagged CONNACK":   {in: after(0x21, 2, 0, 3), any: true},
		"suback":            {in: after(0x90, 3, 0, 1, 1, 0xD0, 0)},
		"suback of two":     {in: after(0x90, 4, 0, 1, 1, 1), any: true},
		"largest":           {in: append(bytes.Clone(big), make([]byte, 128<<10)...)},
		"large PUBACK":      {in: after(0x40, 0x81, 0x80, 0x08), any: true},
		"large, QoS 2":      {in: after(0x34, 0x81, 0x80, 0x08), want: errNotGranted},
		"endless length":    {in: after(0x30, 0x80, 0x80, 0x80, 0x80, 0x01), want: errNoLength},
		"endless, at once":  {in: after(0x30, 0xFF, 0xFF, 0xFF, 0xFF), want: errNoLength},
		"publish then ping": {in: after(0x30, 5, 0, 1, 'a', 'b', 'c', 0xD0, 0)},
	} {
		for _, step := range []int{1, 2, 3, len(c.in)} {
			p := pass(c.in, step)
			if c.any && p.err == nil || !c.any && !errors.Is(p.err, c.want) {
				t.Errorf("%s by %d: %v", name, step, p.err)
			}
			if p.err == nil && (!p.connacked || !bytes.Equal(p.out, c.in)) {
				t.Errorf("%s by %d: passed on % x", name, step, p.out)
			}
		}
	}
}

// large is a PUBLISH with a body of size bytes.
func large(qos byte, topic string, size int) []byte {
	b := []byte{0x30 | qos<<1, byte(size&0x7F) | 0x80, byte(size>>7&0x7F) | 0x80, byte(size>>14&0x7F) | 0x80, byte(size >> 21)}
	b = append(b, byte(len(topic)>>8), byte(len(topic)))
	b = append(b, topic...)
	if qos > 0 {
		b = append(b, 0x12, 0x34)
	}
	return append(b, make([]byte, size-len(b)+5)...)
}

func TestOversizedIsReadPast(t *testing.T) {
	for qos, acked := range map[byte][]uint16{0: nil, 1: {0x1234}} {
		for _, size := range []int{maxInbound + 1, 256 << 10, 3 << 20} {
			ping := []byte{0xD0, 0}
			in := slices.Concat(accepted, large(qos, "a/cmd", size), ping)
			for _, step := range []int{1000, 16 << 10, len(in)} {
				p := pass(in, step)
				want := []oversized{{"a/cmd", size}}
				if p.err != nil || !bytes.Equal(p.out, after(ping...)) || !slices.Equal(p.dropped, want) || !slices.Equal(p.acked, acked) {
					t.Errorf("QoS %d, %d bytes: passed on %d bytes, %v, dropped %v, acked %v", qos, size, len(p.out), p.err, p.dropped, p.acked)
				}
			}
		}
	}
}

// A length costs no memory: neither one without an end nor one of 256 MiB.
func TestLengthCostsNoMemory(t *testing.T) {
	for name, in := range map[string][]byte{
		"endless": after(0x30, 0xFF, 0xFF, 0xFF, 0xFF),
		"largest": after(0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 'a', 'b'),
	} {
		var before, behind runtime.MemStats
		runtime.ReadMemStats(&before)
		packets.ReadPacket(bytes.NewReader(pass(in, len(in)).out))
		r := &packetReader{in: bufio.NewReader(bytes.NewReader(in)), dropped: func(oversized) {}, puback: func(uint16) {}}
		for range 2 {
			packets.ReadPacket(r)
		}
		runtime.ReadMemStats(&behind)
		if grown := behind.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
			t.Errorf("%s: %d KiB were allocated", name, grown>>10)
		}
	}
}

// FuzzPacketReader feeds the same bytes to the packetReader and then to paho's parser: what passes must
// be packets that paho reads alike, beginning with a CONNACK 0 and within the bounds.
func FuzzPacketReader(f *testing.F) {
	f.Add([]byte{0x20, 2, 0, 0, 0x40, 2, 0, 1}, uint8(1))
	f.Add([]byte{0x20, 2, 0, 6}, uint8(3))
	f.Add([]byte{0x20, 2, 0, 0, 0x90, 3, 0, 1, 0x80, 0x30, 5, 0, 1, 'a', 'b', 'c'}, uint8(2))
	f.Add([]byte{0x20, 0x82, 0, 0, 0, 0x30, 0xff, 0xff, 0xff, 0xff}, uint8(200))
	f.Add([]byte{0x20, 2, 0, 0, 0x32, 0xff, 0xff, 0x7f, 0, 1, 'a', 0, 9}, uint8(5))
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		p := pass(in, int(cut)%17+1)
		for _, o := range p.dropped {
			if o.bytes <= maxInbound || !strings.Contains(string(in), o.topic) {
				t.Fatalf("dropped %+v", o)
			}
		}
		r := bytes.NewReader(p.out)
		for first := true; ; first = false {
			packet, err := packets.ReadPacket(r)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return // cut short
			}
			if connack, ok := packet.(*packets.ConnackPacket); err == nil && (first != ok || ok && connack.ReturnCode != 0) {
				t.Fatalf("% x passed", p.out)
			}
			if suback, ok := packet.(*packets.SubackPacket); ok && len(suback.ReturnCodes) != 1 {
				t.Fatalf("% x passed", p.out)
			}
			if err != nil {
				return // paho ends the connection itself
			}
		}
	})
}

func TestKeepAliveOfConnect(t *testing.T) {
	for _, id := range []string{"d", strings.Repeat("x", 200), strings.Repeat("x", 40000)} {
		connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
		connect.ProtocolName, connect.ProtocolVersion, connect.ClientIdentifier = "MQTT", 4, id
		var b bytes.Buffer
		connect.Write(&b)
		setKeepAlive(b.Bytes(), 40e9)
		connect.Keepalive = 40
		var want bytes.Buffer
		connect.Write(&want)
		if !bytes.Equal(b.Bytes(), want.Bytes()) {
			t.Errorf("% x, want % x", b.Bytes()[:20], want.Bytes()[:20])
		}
	}
}
