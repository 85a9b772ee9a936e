//go:build real

package real

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
)

// The samples in C and Node make each call: status, token, publish, subscribe. A refusal is printed and ends them with 1.
func TestCalls(t *testing.T) {
	sample := root + "/scripts/examples/calls/calls"
	binary := filepath.Join(t.TempDir(), "calls")
	if out, code := e2e.Run(t, "cc", "-Wall", "-Wextra", "-Werror", "-o", binary, sample+".c"); code != 0 {
		t.Fatalf("cc: %s", out)
	}
	p := startProvider(t, e2e.NewAuthority(t), `{}`)
	b := startBroker(t, p)
	seen := b.watch(t, "paird/dev1/made")
	d := newDevice(t, p, `client_id = "printer"`, b.mqtt(), "[control]\nsubscribe = [\"*\"]\n")
	d.run()
	for _, program := range [][]string{{binary}, {"node", sample + ".mjs"}} {
		if out, code := e2e.Run(t, program[0], append(program[1:], d.Socket, "token")...); code != 1 || !strings.Contains(out, "not_paired") {
			t.Errorf("%s, unpaired: token: exit %d: %s", program[0], code, out)
		}
	}
	d.Do("pair")
	newPhone(t, p.ca).approve(d.pairing(), "alice")
	d.Await("online", e2e.Online)

	for _, program := range [][]string{{binary}, {"node", sample + ".mjs"}} {
		call := func(args ...string) string {
			out, code := e2e.Run(t, program[0], append(append(program[1:], d.Socket), args...)...)
			if code != 0 {
				t.Fatalf("%s %s: exit %d: %s", program[0], args, code, out)
			}
			return out
		}
		if out := call("status"); !strings.Contains(out, `"state":"paired"`) {
			t.Errorf("status: %s", out)
		}
		if want, got := d.Do("token"), call("token"); strings.TrimSpace(got) != strings.TrimSpace(want) {
			t.Errorf("token: %q, of paird %q", got, want)
		}
		payload := `{"by":"` + filepath.Base(program[len(program)-1]) + `","name":"é"}`
		call("publish", "made", payload)
		seen.AwaitText(t, payload)

		follower := e2e.Start(t, nil, program[0], append(program[1:], d.Socket, "subscribe", "jobs/#")...)
		b.publish(t, "paird/dev1/in/jobs/1", payload)
		follower.AwaitText(t, "jobs/1 "+payload)
		b.publish(t, "paird/dev1/in/jobs/2", "the end")
		follower.AwaitText(t, "jobs/2 the end")
		if n := follower.Count(payload); n != 1 {
			t.Errorf("%s: a message that was acknowledged came %d times", program[0], n)
		}
		follower.Stop(t)
	}
}
