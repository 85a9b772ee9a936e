//go:build real

package budget

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/cmd/internal/e2e"
)

// peerTime is how long the idle peers are measured: $PEERS, or ten seconds.
func peerTime(t *testing.T) time.Duration {
	if s := os.Getenv("PEERS"); s != "" {
		return e2e.Must(time.ParseDuration(s))(t)
	}
	return 10 * time.Second
}

// A peer is a program that does what paird does, or a part of it.
type peer struct {
	name    string
	pid     int           // its processes are this one and what it has started
	code    time.Duration // from its start to the code
	publish time.Duration // from the tokens to the first message; 0: it sends none
	files   []string      // what has to be installed for it
}

// paird beside a Python program, a shell script and oidc-agent, at one server and broker over TLS. It prints the README's
// table.
func TestPeers(t *testing.T) {
	l := newLab(t)
	peers := []*peer{l.paird(), l.script("Python (luma, qrcode, requests, paho)", "device.py"),
		l.script("shell (curl, jq, qrencode, mosquitto_pub)", "device.sh"), l.oidcAgent()}
	window := peerTime(t)
	time.Sleep(window / 2) // connections close, and memory is given back
	before := make([]e2e.Cost, len(peers))
	for i, p := range peers {
		before[i] = p.cost(t)
	}
	time.Sleep(window)
	table := []row{{"", "---", "start to the code, ms", "tokens to the first message, ms", "resident, of that anonymous, MB",
		"processor time a minute, ms", "context switches a minute", "files, MB"}}
	for i, p := range peers {
		table = append(table, p.column(t, p.cost(t).Since(before[i]), float64(time.Minute)/float64(window)))
	}
	for n := range table[0] {
		var r row
		for _, column := range table {
			r = append(r, column[n])
		}
		fmt.Println(r)
	}
}

// column is a peer's of the table. minute is how much longer a minute is than what was measured.
func (p *peer) column(t *testing.T, c e2e.Cost, minute float64) row {
	t.Helper()
	return row{p.name, "---", strconv.FormatInt(p.code.Milliseconds(), 10), p.published(),
		fmt.Sprintf("%.1f, %.1f", float64(c.Resident)/1024, float64(c.Private)/1024), fmt.Sprintf("%.1f", c.Busy.Seconds()*1e3*minute),
		fmt.Sprintf("%.0f", float64(c.Switches)*minute), fmt.Sprintf("%.1f", p.size(t))}
}

// row is one of a table in Markdown, or a column of it.
type row []string

func (r row) String() string { return "| " + strings.Join(r, " | ") + " |" }

func (p *peer) published() string {
	if p.publish == 0 {
		return "sends none"
	}
	return strconv.FormatInt(p.publish.Milliseconds(), 10)
}

// paird pairs with a panel that is a file.
func (l *lab) paird() *peer {
	l.Helper()
	d, path := l.device("png", "auto")
	stop, done := make(chan struct{}), make(chan frames)
	go func() { done <- watchPanel(path, stop) }()
	began := time.Now()
	e2e.Slackly(l, timerSlack, d.Start)
	issued := <-l.codes
	time.Sleep(400 * time.Millisecond)
	close(stop)
	f := <-done
	l.codes <- issued
	l.approve()
	return &peer{name: "paird", pid: d.Process.Cmd.Process.Pid, code: f.showing(issued.Add(300 * time.Millisecond)).Sub(began),
		publish: l.published(e2e.DeviceID), files: []string{e2e.Program("paird")}}
}

// script pairs with one of scripts/peers.
func (l *lab) script(name, file string) *peer {
	l.Helper()
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(l.url, "mqtts://"))
	device := strings.TrimSuffix(file, filepath.Ext(file)) + "-" + strings.TrimPrefix(filepath.Ext(file), ".")
	env := []string{"ISSUER=" + l.issuer, "CA=" + l.ca.File, "CLIENT=printer", "DEVICE=" + device, "HOST=" + host, "PORT=" + port,
		"SCOPE=" + strings.Join(scopes, " ")}
	began := time.Now()
	p := e2e.Start(l, env, e2e.Must(filepath.Abs(root+"/scripts/peers/"+file))(l))
	p.Await(l, "the code", func(line string) bool { return line == "code" })
	code := time.Since(began)
	l.approve()
	return &peer{name: name, pid: p.Cmd.Process.Pid, code: code, publish: l.published(device), files: installed[file]}
}

// installed are the files and folders of Debian that a script cannot do without.
var installed = map[string][]string{
	"device.py": {"/usr/bin/python3", "/usr/lib/python3.11", "/usr/lib/python3/dist-packages/luma", "/usr/lib/python3/dist-packages/PIL",
		"/usr/lib/python3/dist-packages/qrcode", "/usr/lib/python3/dist-packages/requests", "/usr/lib/python3/dist-packages/paho"},
	"device.sh": {"/usr/bin/curl", "/usr/bin/jq", "/usr/bin/qrencode", "/usr/bin/mosquitto_pub", "/usr/lib/x86_64-linux-gnu/libcurl.so.4",
		"/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libssl.so.3"},
	"oidc-agent": {"/usr/bin/oidc-agent", "/usr/bin/oidc-gen", "/usr/lib/x86_64-linux-gnu/libcrypto.so.3",
		"/usr/lib/x86_64-linux-gnu/libssl.so.3", "/usr/lib/x86_64-linux-gnu/libcurl.so.4"},
}

// oidcAgent pairs by oidc-gen, which prints the code on the terminal; the agent keeps the tokens. It sends nothing.
func (l *lab) oidcAgent() *peer {
	l.Helper()
	home := l.TempDir()
	agent := e2e.Start(l, []string{"HOME=" + home}, "stdbuf", "-oL", "oidc-agent", "--console")
	line := agent.Await(l, "its socket", func(line string) bool { return strings.Contains(line, "OIDC_SOCK=") })
	sock, _, _ := strings.Cut(line[strings.Index(line, "OIDC_SOCK="):], ";")
	began := time.Now()
	gen := e2e.Start(l, []string{"HOME=" + home, sock}, "oidc-gen", "--manual", "--iss="+l.issuer, "--client-id=printer", "--client-secret=",
		"--scope="+strings.Join(scopes, " "), "--redirect-uri=http://localhost:8080", "--flow=device", "--cp="+l.ca.File,
		"--pw-cmd=echo secret", "--prompt=none", "--confirm-default", "--no-save", "device")
	issued := <-l.codes
	l.codes <- issued
	code := issued.Sub(began)
	l.approve()
	select {
	case <-gen.Done():
	case <-time.After(e2e.WaitLimit):
		l.Fatalf("oidc-gen does not end: %s", gen.Text())
	}
	return &peer{name: "oidc-agent", pid: agent.Cmd.Process.Pid, code: code, files: installed["oidc-agent"]}
}

// cost is that of the peer's processes.
func (p *peer) cost(t *testing.T) (c e2e.Cost) {
	for _, pid := range append(children(p.pid), p.pid) {
		one := e2e.CostOf(t, pid)
		c.Switches, c.Busy = c.Switches+one.Switches, c.Busy+one.Busy
		c.Resident, c.Private = c.Resident+one.Resident, c.Private+one.Private
	}
	return c
}

// children are the processes below one.
func children(pid int) (all []int) {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		text, _ := os.ReadFile(list)
		for word := range strings.FieldsSeq(string(text)) {
			if child, err := strconv.Atoi(word); err == nil {
				all = append(all, child)
				all = append(all, children(child)...)
			}
		}
	}
	return all
}

// size is that of the peer's files, in MB.
func (p *peer) size(t *testing.T) float64 {
	bytes := int64(0)
	for _, name := range p.files {
		name, err := filepath.EvalSymlinks(name)
		if err != nil {
			continue
		}
		_ = filepath.Walk(name, func(_ string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				bytes += info.Size()
			}
			return nil
		})
	}
	return float64(bytes) / 1e6
}
