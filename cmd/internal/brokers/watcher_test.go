//go:build real

package brokers

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// watcher is Debian's mosquitto_sub with a session that the broker keeps: what comes while it is away, or the
// broker is, waits for it.
type watcher struct {
	args    []string
	again   time.Duration // see broker
	process *e2e.Process
}

// watch subscribes to what the device publishes, and returns when the broker has confirmed that. Where a cluster
// is still electing it tries again.
func watch(t *testing.T, b *broker, device string) *watcher {
	t.Helper()
	w := &watcher{again: b.again, args: append([]string{
		"-h", "127.0.0.1", "-p", fmt.Sprint(b.port), "-i", "watcher-" + device, "-c", "-q", "1", "-v", "-t", "paird/" + device + "/#",
	}, b.door...)}
	ctx, cancel := context.WithTimeout(t.Context(), e2e.WaitLimit)
	defer cancel()
	for {
		out, err := exec.CommandContext(ctx, "mosquitto_sub", append([]string{"-E"}, w.args...)...).CombinedOutput()
		if err == nil {
			return w
		}
		if ctx.Err() != nil {
			t.Fatalf("mosquitto_sub: %v %s: run scripts/setup-brokers.sh", err, out)
		}
	}
}

// tally is what came.
type tally struct {
	duplicates int
	topics     map[string][]string // payloads of everything but the messages
}

// collect takes what the broker keeps and all that comes then, until every message has arrived: whole, at least
// once, in order but for redelivery.
func (w *watcher) collect(t *testing.T, limit time.Duration) tally {
	t.Helper()
	w.process = e2e.Start(t, nil, "mosquitto_sub", w.args...)
	defer w.process.Stop(t)
	sum, seen, highest := tally{topics: map[string][]string{}}, make([]time.Time, total), -1
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for left := total; left > 0; {
		line, err := w.process.Line(ctx)
		if err != nil {
			t.Fatalf("%d of %d messages are missing after %v (%v); the highest is %d", left, total, limit, err, highest)
		}
		n := w.message(t, line, &sum)
		if n < 0 {
			continue
		}
		if !seen[n].IsZero() {
			sum.duplicates++
			continue
		}
		if n < highest && !w.redelivered(seen[n+1:highest+1]) {
			t.Errorf("message %d came for the first time after %d", n, highest)
		}
		seen[n], highest = time.Now(), max(highest, n)
		left--
	}
	return sum
}

// redelivered reports whether the broker sends a message again: it waits a while with that after what followed it.
func (w *watcher) redelivered(followers []time.Time) bool {
	for _, came := range followers {
		if !came.IsZero() {
			return w.again > 0 && time.Since(came) > w.again-time.Second
		}
	}
	return false
}

// message is the number in a line "topic payload", -1 if it is of another topic.
func (w *watcher) message(t *testing.T, line string, sum *tally) int {
	t.Helper()
	topic, payload, _ := strings.Cut(line, " ")
	if !strings.HasSuffix(topic, "/n") {
		sum.topics[topic] = append(sum.topics[topic], payload)
		return -1
	}
	number, _, _ := strings.Cut(payload, " ")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || n >= total || payload != numbered(n) {
		t.Fatalf("a message that was not sent: %q", line)
	}
	return n
}
