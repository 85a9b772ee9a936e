package seglog

import (
	"bytes"
	"testing"
)

func encoded(rs ...Record) (items []byte) {
	for _, r := range rs {
		items = r.append(items)
	}
	return items
}

func FuzzRecord(f *testing.F) {
	good := encoded(Record{Seq: 7, At: Stamp{Wall: 1, Mono: 2, Boot: 3}, Topic: "telemetry", Payload: []byte(`{"cpu_temp":48.2}`)})
	f.Add(good)
	f.Add(good[:20])
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xFF}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, rest, ok := cutRecord(b)
		if !ok {
			return
		}
		if again := append(r.append(nil), rest...); !bytes.Equal(again, b) {
			t.Fatalf("%+v does not encode to what it came from", r)
		}
	})
}

func FuzzFrame(f *testing.F) {
	items := encoded(Record{Seq: 1, Topic: "a", Payload: []byte("b")}, Record{Seq: 2, Topic: "c"})
	good := frame{segment: 3, block: 5, commit: 4, state: []byte("{}"), items: items}.encode()
	f.Add(good)
	f.Add(good[:50])
	f.Add(frame{segment: 3, block: 5}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		fr, ok := parseFrame(b, 3, 5)
		if !ok {
			return
		}
		records([]frame{fr}, func(Record) {})
		used := frameHeader + len(fr.state) + len(fr.items)
		if again := fr.encode(); len(again) != fr.size() || !bytes.Equal(again[:used], b[:used]) {
			t.Fatalf("%+v does not encode to what it came from", fr)
		}
	})
}

// A segment of any content gives frames that lie within it, in order, and as they were written.
func FuzzSegment(f *testing.F) {
	first := frame{segment: 3, commit: 4, state: []byte("{}"), items: encoded(Record{Seq: 1, Topic: "a", Payload: make([]byte, 5000)})}
	second := frame{segment: 3, block: 2, commit: 5, state: []byte("{}")}
	f.Add(append(first.encode(), second.encode()...))
	f.Add(append(second.encode(), first.encode()...))
	f.Add(append(first.encode(), second.encode()[:100]...))
	f.Fuzz(func(t *testing.T, b []byte) {
		end := 0
		for _, fr := range parseFrames(b, 3) {
			at := fr.block * BlockSize
			if at < end || at+frameHeader+len(fr.state)+len(fr.items) > len(b) {
				t.Fatalf("a frame of %d bytes at %d, of a segment of %d, behind one that ends at %d", fr.size(), at, len(b), end)
			}
			end = at + fr.size()
			records([]frame{fr}, func(Record) {})
		}
	})
}

func TestFrame(t *testing.T) {
	rs := []Record{
		{Seq: 1, At: Stamp{Wall: 1, Mono: 2, Boot: 3}, Topic: "a", Payload: make([]byte, 5000)},
		{Seq: 2, Topic: "c", Payload: []byte("payload")},
	}
	b := frame{segment: 3, block: 5, commit: 4, state: []byte("state"), items: encoded(rs...)}.encode()
	if len(b) != 2*BlockSize {
		t.Fatalf("%d bytes", len(b))
	}
	f, ok := parseFrame(b, 3, 5)
	if !ok || f.commit != 4 || string(f.state) != "state" || f.size() != len(b) {
		t.Fatalf("%+v", f)
	}
	var got []Record
	records([]frame{f}, func(r Record) { got = append(got, r) })
	if len(got) != 2 || got[0].At != rs[0].At || got[1].Topic != "c" || string(got[1].Payload) != "payload" {
		t.Fatalf("%+v", got)
	}
	if _, ok := parseFrame(b, 3, 6); ok {
		t.Error("a frame is taken for another")
	}
	if _, ok := parseFrame(b, 4, 5); ok {
		t.Error("a frame is taken in another segment")
	}
	used := frameHeader + len(f.state) + len(f.items)
	for i := range used {
		b[i] ^= 0x10
		if _, ok := parseFrame(b, 3, 5); ok {
			t.Errorf("byte %d changed, and the frame is taken", i)
		}
		b[i] ^= 0x10
	}
}

func TestEachBitOfARecordCounts(t *testing.T) {
	r := Record{Seq: 7, At: Stamp{Wall: 1, Mono: 2, Boot: 3}, Topic: "event", Payload: []byte("payload")}
	f := frame{segment: 1, commit: 1, items: encoded(r)}
	b := f.encode()
	for i := range (frameHeader + len(f.items)) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if f, ok := parseFrame(b, 1, 0); ok {
			t.Errorf("bit %d flipped: %+v", i, f)
		}
		b[i/8] ^= 1 << (i % 8)
	}
}
