package agent

import (
	"context"
	"flag"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/paird/paird/agent/internal/astest"
	"github.com/paird/paird/agent/internal/brokertest"
	"github.com/paird/paird/agent/internal/crashtest"
)

var (
	years   = flag.Int("years", 0, "devices that live a year each, from seed -year on; 0: one of 30 days")
	oneYear = flag.Int("year", -1, "the first seed; without -years only that year, printed")
)

const (
	day          = 24 * time.Hour
	deedEvery    = 6 * time.Hour // on average
	messageEvery = time.Hour     // a numbered message
	tokenLife    = time.Hour
	sampleRate   = 15 * time.Minute
	flashMost    = 2 << 20 // bytes
)

// year is a device that is used for a year: the real agent, store, queue, authorization client and MQTT session, at a
// server and a broker of this process, on a disk that may lose its power at any time. All times are of the bubble.
type year struct {
	scene
	t       *testing.T
	seed    int
	random  *rand.Rand
	policy  astest.Policy
	sync    string // queue.sync
	site    *astest.Site
	broker  *brokertest.Broker
	ca      *yearCA // nil: no TLS
	clock   *stepClock
	stepped time.Duration // of the wall clock, so far

	base string // folder of the state directories of all lives
	disk *crashtest.Disk
	life *life
	last struct{ dir, cuts, stops, incidents, rolls int }

	written  int64        // bytes, by lives that are over
	account  string       // that approves
	revoked  map[int]bool // grants that their owner has removed
	excused  bool         // the disk took nothing when a life ended: what was received last may be lost
	full     time.Time    // until when the disk takes nothing
	paired   string       // the account of the last pairing
	unpaired int
	ended    bool            // un-paired, and not paired since
	accepted map[string]bool // numbered messages that were accepted and have not come yet
	count    struct{ accepted, came, again, purged int }
	seen     int // of the broker's log
	first    usage
}

// live is the whole year; it panics with errYear where it fails.
func (y *year) live(days int) {
	dir := y.newDir()
	y.disk = crashtest.NewDisk(dir, nil)
	y.boot(dir)
	y.pair("alice")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go y.publishHourly(ctx)
	y.check()
	for end, month := time.Now().Add(time.Duration(days)*day), 0; time.Now().Before(end); {
		time.Sleep(time.Duration(y.random.ExpFloat64() * float64(deedEvery)))
		y.look()
		if y.isEnded() {
			y.pair("alice")
		}
		y.incident()
		y.stopIfFailed()
		if m := int(time.Since(y.began) / (30 * day)); m > month {
			month = m
			y.check()
		}
	}
	y.check()
	y.written += y.disk.Written()
	if perDay := y.written / int64(days); perDay > flashMost {
		y.fail("%d bytes of flash a day", perDay)
	}
}

// liveYear runs the year of a seed and reports it.
func liveYear(t *testing.T, seed, days int) {
	base := crashtest.Dir(t)
	synctest.Test(t, func(t *testing.T) {
		y := newYear(t, seed, base)
		defer func() {
			if r := recover(); r != nil && r != errYear {
				panic(r)
			}
			y.life.stop()
			y.broker.Kick()
			y.report(days)
		}()
		y.live(days)
	})
}

func (y *year) report(days int) {
	y.t.Logf("seed %d, %d days, %s: %d incidents, %d power cuts, %d stops, %d changes of the authority, %d un-pairings; %+v; %d responses with tokens; %d KB of flash a day",
		y.seed, days, y.policy.Name, y.last.incidents, y.last.cuts, y.last.stops, y.last.rolls, y.unpaired, y.count, y.responses(), y.written/int64(days)>>10)
	if *oneYear >= 0 && *years == 0 || strings.Contains(y.story[len(y.story)-1], "FAILED") {
		y.t.Logf("go test -run TestYear -year %d\n%s", y.seed, strings.Join(y.story[max(0, len(y.story)-3000):], "\n"))
	}
	if strings.Contains(y.story[len(y.story)-1], "FAILED") {
		y.t.Fail()
	}
}

func (y *year) responses() (n int) {
	y.site.With(func(_ *astest.Server, issues []*astest.Issue) { n = len(issues) })
	return n
}

// TestYear is a simulated year of one device after another. The density: a message and a rotation of the tokens an hour, four
// samples an hour, something that happens each six hours.
func TestYear(t *testing.T) {
	switch {
	case *years == 0 && *oneYear < 0 && raceEnabled:
		liveYear(t, 1, 6) // the race detector makes a day ten times as long
	case *years == 0 && *oneYear < 0:
		liveYear(t, 1, 30)
	case *years == 0:
		liveYear(t, *oneYear, 365)
	default:
		for seed := range *years {
			t.Run("", func(t *testing.T) { t.Parallel(); liveYear(t, max(*oneYear, 0)+seed, 365) })
		}
	}
}
