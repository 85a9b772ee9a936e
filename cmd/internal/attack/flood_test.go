//go:build real

package attack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

const (
	memory   = 256 << 20 // RLIMIT_DATA of the daemon: what it may map to write; an arena of Go's heap is 64 MiB
	resident = 128 << 20 // the unit's MemoryMax
	flood    = 4 * time.Second
)

// client is an HTTP client whose connections are the account's.
func client(d *e2e.Device, who e2e.Account) *http.Client {
	dial := func(context.Context, string, string) (net.Conn, error) { return who.Dial(d.Socket) }
	return &http.Client{Transport: &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 64}, Timeout: e2e.WaitLimit}
}

// ask makes one call as the account and returns the status of the answer.
func ask(t *testing.T, d *e2e.Device, who e2e.Account, method, path string, body io.Reader) int {
	t.Helper()
	c := client(d, who)
	defer c.CloseIdleConnections()
	return e2e.Must(call(c, method, path, body))(t)
}

func call(c *http.Client, method, path string, body io.Reader) (int, error) {
	req, err := http.NewRequest(method, "http://paird"+path, body)
	if err != nil {
		return 0, err
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, errors.Join(err, resp.Body.Close())
}

// limited is a device of another account, below a limit of memory.
func limited(t *testing.T, p *providertest.Server, control string) *e2e.Device {
	t.Helper()
	d := newDevice(t, p, control)
	d.RunAs(e2e.Daemon)
	d.Wrap = append([]string{"prlimit", fmt.Sprintf("--data=%d", memory)}, d.Wrap...)
	d.Start()
	return d
}

// unharmed checks that the daemon answers its owner and has stayed below the unit's memory.
func unharmed(t *testing.T, d *e2e.Device) {
	t.Helper()
	began := time.Now()
	d.Now()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the status took %v", took)
	}
	peak := status(t, d, "VmHWM")
	t.Logf("%.1f MB at most, %v of processor time", float64(peak)/1e6, processor(t, d))
	if peak > resident {
		t.Errorf("it has used %d bytes, %d at most", peak, int64(resident))
	}
	d.Stop()
}

// status is a line of /proc/PID/status, in bytes.
func status(t *testing.T, d *e2e.Device, key string) int64 {
	t.Helper()
	for line := range strings.Lines(string(e2e.Must(os.ReadFile(proc(d, "status")))(t))) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return 1024 * e2e.Must(strconv.ParseInt(strings.Fields(value)[0], 10, 64))(t)
		}
	}
	t.Fatalf("no %s", key)
	return 0
}

func proc(d *e2e.Device, name string) string {
	return fmt.Sprintf("/proc/%d/%s", d.Process.Cmd.Process.Pid, name)
}

// processor is the processor time that the daemon has used (proc(5): ticks of 10 ms).
func processor(t *testing.T, d *e2e.Device) time.Duration {
	t.Helper()
	text := string(e2e.Must(os.ReadFile(proc(d, "stat")))(t))
	cells := strings.Fields(text[strings.LastIndex(text, ")")+1:])
	user, system := e2e.Must(strconv.Atoi(cells[11]))(t), e2e.Must(strconv.Atoi(cells[12]))(t)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// repeat makes calls as nobody, eight at a time, for the time of a flood, and counts the answers by status.
func repeat(t *testing.T, d *e2e.Device, method, path string, payload []byte) map[int]int {
	t.Helper()
	c := client(d, e2e.Nobody)
	defer c.CloseIdleConnections()
	answers := make(chan int)
	for range 8 {
		go func() {
			for until := time.Now().Add(flood); time.Now().Before(until); {
				code, err := call(c, method, path, bytes.NewReader(payload))
				if err != nil {
					t.Error(err)
				}
				answers <- code
			}
			answers <- 0
		}()
	}
	count := map[int]int{}
	for ended := 0; ended < 8; {
		if code := <-answers; code == 0 {
			ended++
		} else {
			count[code]++
		}
	}
	t.Logf("%s %s: %v", method, path, count)
	return count
}

// Calls that [control] refuses are counted too: above the rate of one user they are answered with busy.
func TestFloodOfRefusedCalls(t *testing.T) {
	e2e.NeedsRoot(t, "the daemon's own user has no limit")
	d := limited(t, providertest.New(t, nil), "token = []\n")
	used := processor(t, d)
	count := repeat(t, d, "GET", "/v1/token", nil)
	if limit := 400 + 200*int(flood/time.Second+1); count[http.StatusForbidden] == 0 || count[http.StatusForbidden] > limit {
		t.Errorf("%d calls were looked at, %d at most", count[http.StatusForbidden], limit)
	}
	if count[http.StatusServiceUnavailable] == 0 {
		t.Error("none was answered with busy: this is no flood")
	}
	if used = processor(t, d) - used; used > 3*flood/2 {
		t.Errorf("the daemon used %v of processor time in %v", used, flood)
	}
	unharmed(t, d)
}

// Offline each message is written to flash: one user's bytes are limited by the minute, whatever the size of a call.
func TestFloodOfBytes(t *testing.T) {
	e2e.NeedsRoot(t, "the daemon's own user has no limit")
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	d := limited(t, p, "publish = [\"*\"]\n[mqtt]\nurl = \"mqtts://127.0.0.1:1\"\n")
	d.Do("pair")
	d.Await("paired", e2e.Paired)
	const size = 32 << 10
	before := written(t, d)
	count := repeat(t, d, "POST", "/v1/publish?topic=flood", make([]byte, size))
	taken := 0
	for code, n := range count {
		if code < 300 {
			taken += n * size
		}
	}
	if limit := 4<<20 + (4<<20)/60*int(flood/time.Second+1) + size; taken == 0 || taken > limit {
		t.Errorf("%d bytes were taken, %d at most", taken, limit)
	}
	if wrote := written(t, d) - before; wrote > 12<<20 {
		t.Errorf("%d bytes went to the disk", wrote)
	} else {
		t.Logf("%.1f MB were taken, %.1f MB written", float64(taken)/1e6, float64(wrote)/1e6)
	}
	unharmed(t, d)
}

// written is what the daemon has had written to disks (proc(5): /proc/PID/io).
func written(t *testing.T, d *e2e.Device) int64 {
	t.Helper()
	for line := range strings.Lines(string(e2e.Must(os.ReadFile(proc(d, "io")))(t))) {
		if value, ok := strings.CutPrefix(line, "write_bytes: "); ok {
			return e2e.Must(strconv.ParseInt(strings.TrimSpace(value), 10, 64))(t)
		}
	}
	t.Fatal("no write_bytes")
	return 0
}

// A user who may pair makes one device authorization request in 5 s, however often it asks.
func TestFloodOfPairCalls(t *testing.T) {
	e2e.NeedsRoot(t, "the daemon's own user has no limit")
	p := providertest.New(t, nil)
	d := limited(t, p, "pair = [\"*\"]\n")
	repeat(t, d, "POST", "/v1/pair", nil)
	if n, limit := p.Count(provider.CodeIssued), int(flood/(5*time.Second))+2; n == 0 || n > limit {
		t.Errorf("%d device authorization requests in %v, %d at most", n, flood, limit)
	}
	unharmed(t, d)
}

// A user who holds all the connections it gets, and reads nothing, keeps neither itself nor others from what matters.
func TestHeldConnections(t *testing.T) {
	t.Parallel()
	e2e.NeedsRoot(t, "the daemon's own user has no limit")
	p := providertest.New(t, nil)
	d := limited(t, p, "status = [\"*\"]\n")
	var half []net.Conn
	for i := range 400 {
		conn := e2e.Must(e2e.Nobody.Dial(d.Socket))(t)
		defer conn.Close()
		request := "GET /v1/events HTTP/1.1\r\nHost: paird\r\n\r\n" // a stream that nothing reads
		if i%2 == 0 {
			request, half = "GET /v1/status HTTP/1.1\r\nHost: pai", append(half, conn)
		}
		_, _ = io.WriteString(conn, request) // fails where there is no slot
	}
	if fds := len(e2e.Must(os.ReadDir(proc(d, "fd")))(t)); fds > 200 {
		t.Errorf("the daemon holds %d descriptors", fds)
	}
	p.Always(provider.Deny)
	for range 20 { // each is an event or two for the streams
		must(t, d.Pair(t.Context()))
		d.Now()
	}
	for _, conn := range half { // half a request is given 5 s
		must(t, conn.SetReadDeadline(time.Now().Add(15*time.Second)))
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("half a request is waited for still")
		}
	}
	if got := ask(t, d, e2e.Nobody, "GET", "/v1/status", nil); got != http.StatusOK {
		t.Errorf("the status for the user who holds connections: %d", got)
	}
	unharmed(t, d)
}
