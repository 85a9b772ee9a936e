package daemon

import (
	"os"
	"slices"
	"testing"
)

// Only what is as in its file may go: not data, not constants that the loader has changed, not memory without a file.
func TestUnchanged(t *testing.T) {
	const smaps = `00400000-00896000 r-xp 00000000 b3:02 1234                               /usr/bin/paird
Rss:                4696 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00896000-00d52000 r--p 00496000 b3:02 1234                               /usr/bin/paird
Anonymous:             0 kB
00d52000-00d53000 r--p 00952000 b3:02 1234                               /usr/bin/paird
Anonymous:             4 kB
00d53000-00da4000 rw-p 00953000 b3:02 1234                               /usr/bin/paird
Anonymous:             0 kB
00da4000-02e69000 r--p 00000000 00:00 0 
Anonymous:             0 kB
7fc1fd590000-7fc1fd800000 r--s 00000000 b3:02 99                         /var/lib/paird/tokens.db
Anonymous:             0 kB
7ffd97db5000-7ffd97db7000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x896000}, {0x896000, 0xd52000}}
	if got := unchanged(smaps); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got := unchanged(""); got != nil {
		t.Errorf("%x of nothing", got)
	}
}

// The program runs on without what was taken out of its memory.
func TestUnmapProgram(t *testing.T) {
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	if all := unchanged(string(smaps)); len(all) == 0 || slices.Contains(all, mapping{}) {
		t.Errorf("%x: this program has code", all)
	}
	unmapProgram()
	TestUnchanged(t)
}
