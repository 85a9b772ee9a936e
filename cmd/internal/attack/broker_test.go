//go:build real

package attack

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

// Packet types (MQTT 3.1.1 section 2.2.1).
const (
	connect, publish, subscribe, pingreq = 1, 3, 8, 12
)

// readPacket reads one packet of a client: its type, and what follows the length.
func readPacket(r *bufio.Reader) (kind byte, flags byte, body []byte, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return 0, 0, nil, err
	}
	length, err := binary.ReadUvarint(r) // seven bits a byte, the lowest first, as in section 2.2.3
	if err != nil || length > 1<<20 {
		return 0, 0, nil, fmt.Errorf("a packet of %d bytes: %w", length, err)
	}
	body = make([]byte, length)
	_, err = io.ReadFull(r, body)
	return first >> 4, first & 15, body, err
}

// polite is what a broker answers to a packet.
func polite(kind, flags byte, body []byte) []byte {
	switch kind {
	case connect:
		return []byte{0x20, 2, 0, 0}
	case publish:
		if n := 2 + int(binary.BigEndian.Uint16(body)); flags&6 != 0 {
			return []byte{0x40, 2, body[n], body[n+1]}
		}
	case subscribe:
		answer := []byte{0x90, 2, body[0], body[1]}
		for rest := body[2:]; len(rest) > 2; rest = rest[3+int(binary.BigEndian.Uint16(rest)):] {
			answer = append(answer, 1)
		}
		answer[1] = byte(len(answer) - 2)
		return answer
	case pingreq:
		return []byte{0xD0, 0}
	}
	return nil
}

// hostileBroker answers the CONNECT, or the first PUBLISH, with bytes of its own, and all else politely.
func hostileBroker(t *testing.T, to byte, answer []byte, closes bool) (url string, connects *atomic.Int64) {
	t.Helper()
	l := e2e.Must(net.Listen("tcp", "127.0.0.1:0"))(t)
	t.Cleanup(func() { l.Close() })
	connects = new(atomic.Int64)
	serve := func(conn net.Conn) {
		defer conn.Close()
		for r := bufio.NewReader(conn); ; {
			kind, flags, body, err := readPacket(r)
			if err != nil {
				return
			}
			if kind == connect {
				connects.Add(1)
			}
			said := polite(kind, flags, body)
			if kind == to {
				said = answer
			}
			if _, err := conn.Write(said); err != nil || kind == to && closes {
				return
			}
		}
	}
	e2e.Accept(l, serve)
	return "mqtt://" + l.Addr().String(), connects
}

// Whatever a broker sends: the daemon says so where it ends the session, comes back no more often than its back-off
// allows, keeps below its memory, and does nothing that [mqtt] commands does not name.
func TestHostileBrokers(t *testing.T) {
	t.Parallel()
	good := []byte{0x20, 2, 0, 0}
	packet := func(first byte, topic string, more []byte) []byte {
		body := append(binary.BigEndian.AppendUint16(nil, uint16(len(topic))), topic+string(more)...)
		return append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...)
	}
	command := func(text string) []byte { return packet(0x30, "paird/dev1/cmd", []byte(text)) }
	for name, row := range map[string]struct {
		to     byte
		answer []byte
		closes bool
		online bool // the session goes on
	}{
		"endless length":           {to: connect, answer: append(good, 0x30, 0xFF, 0xFF, 0xFF, 0xFF)},
		"endless length, later":    {to: publish, answer: []byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF}},
		"256 MiB that never come":  {to: publish, answer: []byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 'a'}},
		"half a CONNACK":           {to: connect, answer: []byte{0x20, 2}},
		"no CONNACK":               {to: connect, answer: []byte{0xD0, 0}},
		"a refusal of no version":  {to: connect, answer: []byte{0x20, 2, 0, 200}},
		"a session that was never": {to: connect, answer: []byte{0x20, 2, 1, 0}, online: true},
		"garbage":                  {to: publish, answer: bytes.Repeat([]byte{0xFF}, 1000)},
		"large PINGRESP":           {to: publish, answer: []byte{0xD0, 0xFF, 0xFF, 0xFF, 0x7F}},
		"closes at once":           {to: connect, answer: nil, closes: true},
		"closes after CONNACK":     {to: connect, answer: good, closes: true},
		"8 MiB of commands":        {to: connect, answer: append(good, bytes.Repeat(command(`{"id":"1","command":"reset"}`), 8<<20/44)...), online: true},
		"8 MiB of the same":        {to: connect, answer: append(good, bytes.Repeat(command(`{"id":"1","command":"identify"}`), 8<<20/47)...), online: true},
		"a packet of 2 MiB":        {to: connect, answer: append(good, command(strings.Repeat("x", 2<<20))...), online: true},
		"topics of others":         {to: connect, answer: append(good, bytes.Repeat(packet(0x30, "a/b", []byte("x")), 100000)...), online: true},
		"unknown PUBACKs":          {to: connect, answer: append(good, bytes.Repeat([]byte{0x40, 2, 0x77, 0x77}, 100000)...), online: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url, connects := hostileBroker(t, row.to, row.answer, row.closes)
			p := providertest.New(t, nil)
			p.Always(provider.Approve)
			d := newDevice(t, p, "", fmt.Sprintf("[mqtt]\nurl = %q\nspread = \"0s\"\ncommands = [\"identify\"]\n[telemetry]\ninterval = \"1s\"\n", url))
			d.Start()
			d.Do("pair")
			e2e.Eventually(t, "a CONNECT", func() bool { return connects.Load() > 0 })
			if row.online {
				d.Await("online", e2e.Online)
			} else {
				d.Await("the session ends", func(s control.Status) bool { return s.Problem != nil && s.Broker.Error != "" })
			}
			time.Sleep(2 * time.Second)
			if n := connects.Load(); n > 6 {
				t.Errorf("%d CONNECTs in a second or two", n)
			}
			if s := d.Now(); !e2e.Paired(s) {
				t.Errorf("it is not paired any more: %+v", s)
			}
			if used := processor(t, d); used > 10*time.Second {
				t.Errorf("it has used %v of processor time", used)
			}
			unharmed(t, d)
		})
	}
}
