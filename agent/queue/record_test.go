package queue

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func FuzzDecode(f *testing.F) {
	good := record{seq: 7, at: stamp{wall: 1, mono: 2, boot: 3}, topic: "telemetry", payload: []byte(`{"cpu_temp":48.2}`)}
	f.Add(uint64(7), good.encode())
	f.Add(uint64(8), good.encode())
	f.Add(uint64(7), good.encode()[:20])
	f.Add(uint64(0), []byte{})
	f.Fuzz(func(t *testing.T, seq uint64, b []byte) {
		r, err := decode(seq, b)
		if err != nil {
			if !errors.Is(err, errRecord) {
				t.Fatal(err)
			}
			return
		}
		if r.seq != seq || r.size() != sizeOf(b) || !bytes.Equal(r.encode(), b) {
			t.Fatalf("%+v does not encode to what it came from", r)
		}
	})
}

func TestEachBitOfARecordCounts(t *testing.T) {
	r := record{seq: 7, at: stamp{wall: 1, mono: 2, boot: 3}, topic: "event", payload: []byte("payload")}
	b := r.encode()
	got, err := decode(7, b)
	if err != nil || got.at != r.at || got.topic != r.topic || string(got.payload) != "payload" {
		t.Fatalf("%+v, %v", got, err)
	}
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if r, err := decode(7, b); err == nil {
			t.Errorf("bit %d flipped: %+v", i, r)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	if _, err := decode(6, b); err == nil {
		t.Error("a record is taken for another")
	}
}

func FuzzFrame(f *testing.F) {
	group := []*entry{{record: record{seq: 1, topic: "a", payload: []byte("b")}}, {record: record{seq: 2, topic: "c"}}}
	f.Add(frame(3, 4, 5, group), uint64(4))
	f.Add(frame(3, 4, 5, group)[:40], uint64(4))
	f.Add(frame(3, 4, 5, nil), uint64(5))
	f.Fuzz(func(t *testing.T, b []byte, stream uint64) {
		records, lap, size := parseFrame(b, 5, stream)
		if size == 0 {
			return
		}
		var group []*entry
		for _, r := range records {
			group = append(group, &entry{record: r})
		}
		if again := frame(lap, stream, 5, group); len(again) != size || !bytes.HasPrefix(again, b[:min(len(b), frameHeader)][:4]) {
			t.Fatalf("%d records of %d bytes become %d", len(records), size, len(again))
		}
	})
}

func TestFrame(t *testing.T) {
	group := []*entry{{record: record{seq: 1, topic: "a", payload: make([]byte, 5000)}}, {record: record{seq: 2, topic: "c"}}}
	b := frame(3, 4, 5, group)
	if len(b) != 2*blockSize {
		t.Fatalf("%d bytes", len(b))
	}
	records, lap, size := parseFrame(b, 5, 4)
	if len(records) != 2 || lap != 3 || size != len(b) || records[1].topic != "c" {
		t.Fatalf("%d records, lap %d, %d bytes", len(records), lap, size)
	}
	used := frameHeader + itemSize(group[0].record) + itemSize(group[1].record)
	for i := range used {
		b[i] ^= 0x10
		if _, _, size := parseFrame(b, 5, 4); size != 0 {
			t.Errorf("byte %d changed, and nobody noticed", i)
		}
		b[i] ^= 0x10
	}
	if _, _, size := parseFrame(b, 6, 4); size != 0 {
		t.Error("a frame is taken in the place of another")
	}
}

func TestAge(t *testing.T) {
	wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := Stamp{Wall: wall, Boot: "b", Mono: time.Hour}.stored()
	for name, c := range map[string]struct {
		then Stamp
		want time.Duration
	}{
		"this boot":                         {Stamp{Wall: wall.Add(-5 * time.Hour), Boot: "b", Mono: time.Minute}, 59 * time.Minute},
		"this boot, before the clock came":  {Stamp{Boot: "b", Mono: time.Minute}, 59 * time.Minute},
		"another boot":                      {Stamp{Wall: wall.Add(-5 * time.Hour), Boot: "a", Mono: time.Minute}, 5 * time.Hour},
		"another boot without a clock":      {Stamp{Boot: "a", Mono: time.Minute}, 0},
		"another boot, clock was fast then": {Stamp{Wall: wall.Add(time.Hour), Boot: "a"}, 0},
		"nothing known":                     {Stamp{}, 0},
	} {
		if got := c.then.stored().age(now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := (Stamp{Wall: wall}).stored().age(Stamp{Boot: "b"}.stored()); got != 0 {
		t.Errorf("without a clock now: %v, want 0", got)
	}
}
