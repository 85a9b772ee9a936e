package store

import (
	"testing"

	"github.com/paird/paird/agent/internal/crashtest"
	"github.com/paird/paird/agent/internal/statedir"
	bolt "go.etcd.io/bbolt"
)

// A meter counts what the device has to write: blocks of 4 KiB, and flushes.
type meter struct{ bytes, flushes int }

func (m *meter) tap(op statedir.Op) error {
	switch op.Kind {
	case statedir.Write:
		const block = 4096
		first, last := op.Off/block, (op.Off+int64(len(op.Data))-1)/block
		m.bytes += int(last-first+1) * block
	case statedir.Sync, statedir.SyncDir:
		m.flushes++
	}
	return nil
}

func metered(b *testing.B) (*Store, *meter) {
	m := &meter{}
	o := testOptions(b)
	o.Tap = m.tap
	o.Opened = func(db *bolt.DB) { crashtest.Hook(db, m.tap) }
	s := open(b, o)
	save(b, s, benchGrant(0))
	*m = meter{}
	return s, m
}

// benchGrant has tokens of the usual size: JWTs for access and identity, an opaque refresh token.
func benchGrant(n int) Grant {
	g := grantN(n)
	long := make([]byte, 1000)
	for i := range long {
		long[i] = 'a' + byte((i*7+n)%26)
	}
	g.AccessToken += string(long)
	g.IDToken += string(long[:700])
	return g
}

func (m *meter) report(b *testing.B) {
	b.ReportMetric(float64(m.bytes)/float64(b.N), "device-B/op")
	b.ReportMetric(float64(m.flushes)/float64(b.N), "flushes/op")
}

// BenchmarkRefresh is one token refresh: the intent and the new grant, in a slot and in tokens.db.
func BenchmarkRefresh(b *testing.B) {
	s, m := metered(b)
	for n := 1; b.Loop(); n++ {
		if err := s.Intend(uint64(n)); err != nil {
			b.Fatal(err)
		}
		save(b, s, benchGrant(n))
	}
	m.report(b)
	const refreshes = 36 // of tokens that live an hour, at two thirds of it
	b.ReportMetric(float64(m.bytes)/float64(b.N)*refreshes, "device-B/day")
}

// BenchmarkIdle is what a device costs that only looks at what it knows.
func BenchmarkIdle(b *testing.B) {
	s, m := metered(b)
	for b.Loop() {
		load(b, s)
	}
	m.report(b)
}

// BenchmarkSetFloor is one saving of the trusted time.
func BenchmarkSetFloor(b *testing.B) {
	s, m := metered(b)
	t := benchGrant(0).Refreshed
	for n := 1; b.Loop(); n++ {
		if err := s.SetFloor(t.AddDate(0, 0, n)); err != nil {
			b.Fatal(err)
		}
	}
	m.report(b)
}

// BenchmarkRestart is a clean stop and a start.
func BenchmarkRestart(b *testing.B) {
	s, m := metered(b)
	for b.Loop() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		s.closed = false
		load(b, s)
	}
	m.report(b)
}

// BenchmarkSeal seals and opens what a refresh writes: a grant of two kilobytes, with AES-256-GCM.
func BenchmarkSeal(b *testing.B) {
	s, err := newSealer(make([]byte, 32), "device-1")
	if err != nil {
		b.Fatal(err)
	}
	plain := make([]byte, 2<<10)
	b.SetBytes(int64(len(plain)))
	for n := uint64(0); b.Loop(); n++ {
		if _, err := s.open(grantLocation(n), s.seal(grantLocation(n), plain)); err != nil {
			b.Fatal(err)
		}
	}
}
