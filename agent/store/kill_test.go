package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/paird/paird/agent/internal/crashtest"
)

// TestMain lets the test binary stand for a daemon that does nothing but refresh, and for the program that
// probes files.
func TestMain(m *testing.M) {
	crashtest.ServeProbes(ProbeMain)
	if len(os.Args) == 3 && os.Args[1] == "refresh-forever" {
		fmt.Fprintln(os.Stderr, refreshForever(os.Args[2]))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// refreshForever prints each generation once it is durable.
func refreshForever(dir string) error {
	s, err := Open(Options{Dir: dir, Device: "device-1"})
	if err != nil {
		return err
	}
	st, err := s.Load()
	if err != nil {
		return err
	}
	for gen := st.Gen; ; {
		if gen > 0 {
			if err := s.Intend(gen); err != nil {
				return err
			}
		}
		if gen, err = s.Save(grantN(int(gen))); err != nil {
			return err
		}
		fmt.Println(gen)
	}
}

// A killed process loses nothing that the kernel has, so this proves little about power; but it shows
// that the lock goes with the process and that any moment will do.
func TestKilledAtAnyMoment(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions(t)
	for round := range 20 {
		printed := killed(t, exe, o.Dir, 1+round*3)
		s := open(t, o)
		st := load(t, s)
		if st.Gen < printed || st.Gen > printed+1 || refreshToken(st) != grantN(int(st.Gen-1)).RefreshToken {
			t.Fatalf("round %d: printed generation %d, found %s", round, printed, brief(st))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killed runs the process until it has printed that many lines, kills it and returns the last of all
// the lines it printed.
func killed(t *testing.T, exe, dir string, lines int) (last uint64) {
	t.Helper()
	cmd := exec.Command(exe, "refresh-forever", dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for scanner := bufio.NewScanner(out); scanner.Scan(); lines-- {
		if last, err = strconv.ParseUint(scanner.Text(), 10, 64); err != nil {
			t.Fatal(err)
		}
		if lines == 1 {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed: an error by design
	return last
}
