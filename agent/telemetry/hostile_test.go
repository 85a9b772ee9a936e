package telemetry

import (
	"bytes"
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// hostile is a peer that answers each packet with the bytes that answer gives for it.
func hostile(b *bench, answer func(packets.ControlPacket) []byte) {
	b.o.Dial = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		out := make(chan []byte, 1000)
		go func() {
			defer far.Close()
			for b := range out {
				if _, err := far.Write(b); err != nil {
					return
				}
			}
		}()
		go func() {
			defer close(out)
			for {
				p, err := packets.ReadPacket(far)
				if err != nil {
					return
				}
				out <- answer(p)
			}
		}()
		return near, nil
	}
}

// polite is a broker's answer to a packet.
func polite(p packets.ControlPacket) []byte {
	var b bytes.Buffer
	switch p := p.(type) {
	case *packets.ConnectPacket:
		packets.NewControlPacket(packets.Connack).Write(&b)
	case *packets.PublishPacket:
		ack := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
		ack.MessageID = p.MessageID
		ack.Write(&b)
	case *packets.PingreqPacket:
		packets.NewControlPacket(packets.Pingresp).Write(&b)
	}
	return b.Bytes()
}

// extra sends more behind the polite answer to the packets of one kind.
func extra(kind byte, more []byte) func(packets.ControlPacket) []byte {
	return func(p packets.ControlPacket) []byte {
		answer := polite(p)
		var b bytes.Buffer
		p.Write(&b)
		if b.Bytes()[0]&typeMask == kind {
			answer = append(answer, more...)
		}
		return answer
	}
}

// What a broker sends may end a session, in time and with a reason; it takes no memory. The end may wait
// for acceptLimit, if a message is published in the same moment.
func TestHostileBroker(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(packets.ControlPacket) []byte
		within time.Duration
	}{
		"endless length":        {extra(typeConnect, []byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF}), time.Second},
		"endless length, later": {extra(typePublish, []byte{0x30, 0xFF, 0xFF, 0xFF, 0xFF}), time.Second},
		"256 MiB that never come": {extra(typePublish, []byte{0x30, 0xFF, 0xFF, 0xFF, 0x7F, 0, 1, 'a'}),
			time.Minute},
		"half a CONNACK": {func(packets.ControlPacket) []byte { return []byte{0x20, 2} }, 21 * time.Second},
		"no CONNACK":     {func(packets.ControlPacket) []byte { return []byte{0xD0, 0} }, time.Second},
		"garbage":        {extra(typePublish, bytes.Repeat([]byte{0xFF}, 1000)), time.Second},
		"large PINGRESP": {extra(typePublish, []byte{0xD0, 0xFF, 0xFF, 0xFF, 0x7F}), time.Second},
	} {
		bubble(t, func(t *testing.T) {
			b := newBench(t, nil)
			b.queue.Put("n", []byte("x")) // there is always a sample soon
			hostile(b, c.answer)
			var before, behind runtime.MemStats
			runtime.ReadMemStats(&before)
			at := time.Now()
			e := failure(t, b.Serve(t.Context(), token, func() {}))
			runtime.ReadMemStats(&behind)
			if took := time.Since(at); took > c.within+acceptLimit || e.Kind != Broker {
				t.Errorf("%s: %v after %v", name, e, took)
			}
			if grown := behind.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
				t.Errorf("%s: %d KiB were allocated", name, grown>>10)
			}
		})
	}
}

// Packets that make no sense but do no harm are passed over.
func TestHarmlessNonsense(t *testing.T) {
	for name, more := range map[string][]byte{
		"PUBACK of unknown ids": {0x40, 2, 0x77, 0x77, 0x40, 2, 0, 0, 0x40, 2, 0xFF, 0xFF},
		"PINGRESP":              {0xD0, 0, 0xD0, 0},
		"SUBACK of nothing":     {0x90, 3, 0x55, 0x55, 1},
	} {
		bubble(t, func(t *testing.T) {
			b := newBench(t, nil)
			hostile(b, extra(typePublish, more))
			s := b.serve(t, token)
			<-s.online
			for range 5 {
				b.queue.Put("n", []byte("x"))
			}
			time.Sleep(time.Hour)
			if b.queue.waiting() != 0 {
				t.Errorf("%s: %d records wait", name, b.queue.waiting())
			}
			s.stop(nil)
		})
	}
}
