//go:build real

package booted

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paird/paird/agent/control"
	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/cmd/internal/provider"
	"github.com/paird/paird/cmd/internal/provider/providertest"
)

const root = "../../.." // of the module

func TestMain(m *testing.M) {
	os.Exit(e2e.Main(m, e2e.Ours(root, "paird"), packaged(deb, "v0.1.0"), packaged(nextDeb, "v0.2.0")))
}

// installed is a machine on which `make install` has been done, with a configuration that pairs at p.
func installed(t *testing.T, p *providertest.Server, sections string) *Machine {
	t.Helper()
	m := Boot(t, root)
	for _, name := range []string{
		"LICENSE", "config/paird.example.toml", "scripts/install.sh", "scripts/paird.service", "scripts/paird.sysusers",
		"scripts/paird.toml", "config/recipes/keycloak.toml", "scripts/THIRD_PARTY_NOTICES.txt", "scripts/paird.service.d/sim.conf.example",
	} {
		m.Put(filepath.Join(root, name), "/root/source/"+name, 0o755)
	}
	m.Put(e2e.Program("paird"), "/root/source/paird", 0o755)
	m.Do("sh", "/root/source/scripts/install.sh", "install", "/root/source/paird")
	m.configure(p, sections)
	return m
}

// configure writes over the configuration, whose mode and owner stay.
func (m *Machine) configure(p *providertest.Server, sections string) {
	m.Helper()
	text := fmt.Sprintf("[device]\nid = \"dev1\"\n[auth]\nissuer = %q\nclient_id = \"printer\"\nscopes = [\"openid\", \"offline_access\", \"profile\"]\n%s", p.URL, sections)
	m.Write("/root/paird.toml", 0o600, []byte(text))
	m.Do("sh", "-c", "cat /root/paird.toml >/etc/paird/paird.toml")
}

// dropIn adds to the unit.
func (m *Machine) dropIn(name, text string) {
	m.Helper()
	m.Write("/etc/systemd/system/paird.service.d/"+name+".conf", 0o644, []byte("[Service]\n"+text))
	m.Do("systemctl", "daemon-reload")
}

// is is a property of the unit.
func (m *Machine) is(property string) string {
	m.Helper()
	return strings.TrimSpace(m.Do("systemctl", "show", "--property="+property, "--value", "paird"))
}

// at is when the unit last did that, on the clock of systemd.
func (m *Machine) at(change string) time.Duration {
	m.Helper()
	return time.Duration(e2e.Must(strconv.ParseInt(m.is(change+"TimestampMonotonic"), 10, 64))(m)) * time.Microsecond
}

// log is what the unit has logged until now: journald reads it when it has time.
func (m *Machine) log() string {
	m.Helper()
	m.Do("journalctl", "--sync")
	return m.Do("journalctl", "--unit=paird")
}

// await waits until the property of the unit is as wanted.
func (m *Machine) await(property, want string) {
	m.Helper()
	e2e.Eventually(m, property+" is "+want, func() bool { return m.is(property) == want })
}

// status is what the program says of the daemon, as the user, once the daemon has read what it keeps: systemd says that the
// unit is started as soon as the daemon answers.
func (m *Machine) status(user string) (s control.Status) {
	m.Helper()
	e2e.Eventually(m, "the daemon has read its grant", func() bool {
		s = m.says(user)
		return s.State != control.StateStarting
	})
	return s
}

// says is what the program says of the daemon now, as the user.
func (m *Machine) says(user string) (s control.Status) {
	m.Helper()
	out := m.Do("runuser", "--user", user, "--", "sh", "-c", "paird status --json || case $? in 0|1|4) ;; *) false; esac") // 1: a problem, 4: not paired
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		m.Fatalf("%v: %s", err, out)
	}
	return s
}

// The unit is ready once the daemon is, says what the daemon does, has the rights it names and ends in time.
func TestUnit(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	m := installed(t, p, "params = { api_key = \"swordfish\" }\n")
	m.Do("systemctl", "enable", "--now", "paird") // systemd keeps no times of a unit that is neither enabled nor active
	if log := m.log(); !strings.Contains(log, "auth.params: every user may read it") || strings.Contains(log, "swordfish") {
		t.Errorf("no warning of a secret in the configuration, or the secret itself:\n%s", log)
	}
	if got := m.is("ActiveState") + " " + m.is("Type"); got != "active notify" {
		t.Errorf("the unit is %s", got)
	}
	if s := m.status("root"); s.State != control.StateUnpaired {
		t.Errorf("the state is %s", s.State)
	}
	if got := m.Do("stat", "-c", "%U %A", "/run/paird", "/run/paird/paird.sock", "/var/lib/paird"); got != "paird drwxr-xr-x\npaird srw-rw-rw-\npaird drwx------\n" {
		t.Errorf("its folders and socket:\n%s", got)
	}
	pid := m.is("MainPID")
	if got := m.Do("ps", "-o", "supgrp=", "-p", pid); strings.TrimSpace(got) != "paird,spi,i2c,gpio" {
		t.Errorf("its groups are %q", got)
	}
	m.private(pid)
	m.closedConfiguration()
	m.await("StatusText", "not paired: press the button, or run `paird pair`")
	p.Always(provider.Approve)
	m.Do("paird", "pair", "--wait")
	for _, call := range []string{"pair", "token"} { // of the group's members, which nobody is not
		if out, code := m.Run("runuser", "--user", "nobody", "--", "paird", call); code == 0 || !strings.Contains(out, "may not") {
			t.Errorf("paird %s as another user: exit %d: %s", call, code, out)
		}
	}
	m.await("StatusText", "paired")
	if got := m.Do("systemctl", "status", "--no-pager", "paird"); !strings.Contains(got, `Status: "paired"`) {
		t.Errorf("systemctl status says\n%s", got)
	}
	m.Do("systemctl", "stop", "paird")
	if took := m.at("InactiveEnter") - m.at("ActiveExit"); took <= 0 || took > 4*time.Second {
		t.Errorf("it takes %v to stop", took)
	}
	if got := m.is("Result"); got != "success" {
		t.Errorf("it ended with %s", got)
	}
	m.Do("systemctl", "start", "paird")
	if s := m.status("root"); !e2e.Paired(s) {
		t.Errorf("after a restart it is %s", s.State)
	}
}

// private fails where the memory of the process is open to its own user, or may come into a core file.
func (m *Machine) private(pid string) {
	m.Helper()
	if got := m.Do("stat", "-c", "%U", "/proc/"+pid+"/mem"); got != "root\n" {
		m.Errorf("its memory belongs to %s", got)
	}
	if out, code := m.Run("runuser", "--user", "paird", "--", "cat", "/proc/"+pid+"/environ"); code == 0 {
		m.Errorf("its user reads its environment: %s", out)
	}
	if limits := m.Do("cat", "/proc/"+pid+"/limits"); !strings.Contains(strings.Join(strings.Fields(limits), " "), "Max core file size 0 0 bytes") {
		m.Errorf("a core file is allowed:\n%s", limits)
	}
}

// closedConfiguration fails where a user who may not read the configuration cannot ask for the status.
func (m *Machine) closedConfiguration() {
	m.Helper()
	m.Do("chmod", "0600", "/etc/paird/paird.toml")
	if s := m.status("nobody"); s.State != control.StateUnpaired {
		m.Errorf("the state is %s", s.State)
	}
	if out, code := m.Run("runuser", "--user", "nobody", "--", "env", "PAIRD_SOCKET=/run/other", "paird", "status"); code != 5 {
		m.Errorf("$PAIRD_SOCKET is not obeyed: exit %d: %s", code, out)
	}
	m.Do("chmod", "0644", "/etc/paird/paird.toml")
}

// A daemon that hangs is ended by the watchdog and started again: one of which a part alone does not answer, here its socket,
// while everything else goes on; and one that stands still.
func TestUnitWatchdog(t *testing.T) {
	t.Parallel()
	m := installed(t, providertest.New(t, nil), "")
	m.dropIn("watchdog", "WatchdogSec=4\nRestartSec=100ms\n")
	m.Do("systemctl", "start", "paird")
	began := m.is("MainPID")
	m.Do("sleep", "5") // it is fed meanwhile
	if got := m.is("MainPID") + " " + m.is("NRestarts"); got != began+" 0" {
		t.Fatalf("a daemon that works is restarted: %s, was %s", got, began)
	}
	m.Do("mv", "/run/paird/paird.sock", "/run/paird/elsewhere.sock")
	m.bitten("1")
	if log := m.log(); !strings.Contains(log, "watchdog: a part of the daemon hangs") {
		t.Errorf("it does not say what hangs:\n%s", log)
	}
	m.Do("kill", "-STOP", m.is("MainPID"))
	m.bitten("2")
}

// bitten waits until the watchdog has ended the daemon that often, and a daemon that answers is there.
func (m *Machine) bitten(times string) {
	m.Helper()
	m.await("NRestarts", times)
	m.await("ActiveState", "active")
	if s := m.status("root"); s.State != control.StateUnpaired {
		m.Errorf("the state is %s", s.State)
	}
	if log := m.log(); strconv.Itoa(strings.Count(log, "Watchdog timeout")) != times {
		m.Errorf("it was not the watchdog:\n%s", log)
	}
}

// A configuration that is wrong ends the unit for good: 78 is not tried again.
func TestUnitWrongConfiguration(t *testing.T) {
	t.Parallel()
	m := installed(t, providertest.New(t, nil), "[auth]\n")
	m.dropIn("soon", "RestartSec=100ms\n")
	m.Run("systemctl", "start", "paird") // fails
	m.await("ActiveState", "failed")
	m.Do("sleep", "1")
	if got := m.is("ExecMainStatus") + " " + m.is("NRestarts") + " " + m.is("ActiveState"); got != "78 0 failed" {
		t.Errorf("exit code, restarts and state: %s", got)
	}
}

// Under DynamicUser= the state directory is a link, and the key comes from an encrypted credential.
func TestUnitCredential(t *testing.T) {
	t.Parallel()
	p := providertest.New(t, nil)
	p.Always(provider.Approve)
	m := installed(t, p, "[secrets]\nkey = \"credential\"\n")
	m.Do("sh", "-c", "mkdir -p /etc/credstore.encrypted && head -c 32 /dev/urandom | systemd-creds encrypt --with-key=host --name=paird-key - /etc/credstore.encrypted/paird-key")
	m.dropIn("dynamic", "DynamicUser=yes\nUser=paird-dynamic\nGroup=\nLoadCredentialEncrypted=paird-key:/etc/credstore.encrypted/paird-key\n")
	m.Do("systemctl", "start", "paird")
	m.Do("paird", "pair", "--wait")
	if got := m.Do("readlink", "/var/lib/paird"); got != "private/paird\n" {
		t.Errorf("the state directory leads to %q", got)
	}
	if _, code := m.Run("test", "-e", "/var/lib/private/paird/key"); code == 0 {
		t.Error("there is a key file")
	}
	m.private(m.is("MainPID"))
	m.Do("systemctl", "restart", "paird")
	if s := m.status("nobody"); !e2e.Paired(s) {
		t.Errorf("after a restart it is %s: %+v", s.State, s.Problem)
	}
}

// SocketBindDeny=any keeps the simulator's page from listening; the drop-in that is shipped lets it.
func TestUnitListensOnNoNetwork(t *testing.T) {
	t.Parallel()
	port := e2e.FreePort(t)
	m := installed(t, providertest.New(t, nil), fmt.Sprintf("[display]\npanel = \"sim\"\n[sim]\nlisten = \"127.0.0.1:%d\"\n", port))
	if out, code := m.Run("systemctl", "start", "paird"); code == 0 {
		t.Errorf("it listens, which SocketBindDeny=any forbids: %s", out)
	}
	if log := m.log(); !strings.Contains(log, "bind: operation not permitted") {
		t.Errorf("it does not say why it fails:\n%s", log)
	}
	allowed := e2e.Must(os.ReadFile(filepath.Join(root, "scripts/paird.service.d/sim.conf.example")))(t)
	m.Write("/etc/systemd/system/paird.service.d/sim.conf", 0o644, []byte(strings.ReplaceAll(string(allowed), ":8628", ":"+strconv.Itoa(port))))
	m.Do("systemctl", "daemon-reload")
	m.Do("systemctl", "restart", "paird")
	if out := m.Do("ss", "-Hltn", "sport = :"+strconv.Itoa(port)); !strings.Contains(out, "LISTEN") {
		t.Error("it does not listen, though the drop-in allows it")
	}
}
