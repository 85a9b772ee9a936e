package queue

import (
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// A cost is what a length of time writes to the disk, without what the file system adds of its own.
type cost struct{ bytes, flushes int64 }

func (c cost) String() string { return fmt.Sprintf("%d bytes, %d flushes", c.bytes, c.flushes) }

// measure puts n records of 200 bytes, one every so often, and returns what that writes.
func measure(t *testing.T, online bool, n int, every time.Duration) (c cost) {
	synctest.Test(t, func(t *testing.T) {
		var p tap
		q := open(t, Options{Tap: p.op})
		if q.Online(online); online {
			go acknowledge(t, q)
		}
		began := cost{p.bytes.Load(), p.syncs.Load()}
		payload := make([]byte, 200-len("telemetry"))
		for range n {
			if err := q.Put("telemetry", payload); err != nil {
				t.Fatal(err)
			}
			time.Sleep(every)
		}
		time.Sleep(5 * time.Second)
		c = cost{p.bytes.Load() - began.bytes, p.syncs.Load() - began.flushes}
		q.Close()
	})
	return c
}

func TestFlashBudget(t *testing.T) {
	t.Parallel()
	day, hour := 24*time.Hour, time.Hour
	for _, c := range []struct {
		name   string
		online bool
		n      int
		every  time.Duration
		most   int64 // bytes
	}{
		{"a day online, one in 10 s", true, int(day / (10 * time.Second)), 10 * time.Second, 0},
		{"1,000 messages online, 50 a second", true, 1000, 20 * time.Millisecond, 0},
		{"an hour offline, one in 10 s", false, int(hour / (10 * time.Second)), 10 * time.Second, 2_000_000},
		{"1,000 messages offline, one a second", false, 1000, time.Second, 3 * 1000 * 1000}, // alone in their groups
		{"1,000 messages offline, 10 a second", false, 1000, 100 * time.Millisecond, 3 * 200_000},
		{"1,000 messages offline, 100 a second", false, 1000, 10 * time.Millisecond, 3 * 200_000},
		{"1,000 messages offline, at once", false, 1000, 0, 3 * 200_000},
		{"10,000 messages offline, at once", false, 10000, 0, 3 * 2_000_000},
	} {
		got := measure(t, c.online, c.n, c.every)
		t.Logf("%s: %v", c.name, got)
		if got.bytes > c.most {
			t.Errorf("%s: %v, more than %d bytes", c.name, got, c.most)
		}
	}
}

// Draining deletes in batches: 20,000 messages and their deletion stay within the budget.
func TestDrainBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p tap
		dir := t.TempDir()
		q := open(t, Options{Dir: dir, Tap: p.op})
		put(t, q, 0, 20000)
		if err := q.Flush(); err != nil {
			t.Fatal(err)
		}
		before := p.bytes.Load()
		drain(t, q, 0, 20000)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if files, _ := filepath.Glob(filepath.Join(dir, "queue.*")); len(files) != 1 {
			t.Errorf("records are not deleted yet: %v", files)
		}
		got := p.bytes.Load() - before
		t.Logf("deleting 20,000 records wrote %d bytes", got)
		if got > 20000*200/2 {
			t.Errorf("%d bytes", got)
		}
		q.Close()
	})
}

// BenchmarkPut is what a record costs to accept: offline in groups of 1,000, or online.
func BenchmarkPut(b *testing.B) {
	for _, online := range []bool{false, true} {
		b.Run(fmt.Sprintf("online=%v", online), func(b *testing.B) {
			var p tap
			q := open(b, Options{MaxBytes: 1 << 40, Tap: p.op})
			q.Online(online)
			payload := make([]byte, 200)
			bytes, flushes, n := p.bytes.Load(), p.syncs.Load(), 0
			for b.Loop() {
				if err := q.Put("t", payload); err != nil {
					b.Fatal(err)
				}
				n++
				if online {
					seq, _, _, _ := q.Next(b.Context())
					q.Ack(seq)
				} else if n%1000 == 0 {
					if err := q.Flush(); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(p.bytes.Load()-bytes)/float64(n)*1000, "B-written/1000msg")
			b.ReportMetric(float64(p.syncs.Load()-flushes)/float64(n)*1000, "flushes/1000msg")
		})
	}
}

// BenchmarkDrain is what a record of a backlog on the disk costs to give, acknowledge and delete.
func BenchmarkDrain(b *testing.B) {
	q := open(b, Options{MaxBytes: 1 << 40})
	payload := make([]byte, 200)
	for b.Loop() {
		b.StopTimer()
		for range 20000 {
			q.Put("t", payload)
		}
		if err := q.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for range 20000 {
			seq, _, _, _ := q.Next(b.Context())
			q.Ack(seq)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/20000, "ns/msg")
}
