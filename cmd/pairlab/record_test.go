package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paird/paird/cmd/internal/e2e"
	"github.com/paird/paird/display"
	"github.com/paird/paird/hal"
	"github.com/paird/paird/hal/bench"
)

// boardFile is a configuration for a model's board.
func boardFile(t *testing.T, display string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "paird.toml")
	text := "[auth]\nissuer = \"https://auth.example.com\"\nclient_id = \"printer\"\n[display]\n" + display
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestRecordAndReplayCommands: what is recorded on a board is shown again as the pictures that the program drew there.
func TestRecordAndReplayCommands(t *testing.T) {
	const panel = "ssd1306"
	dir := t.TempDir()
	b, err := bench.New(panel, image.Pt(128, 64), 0)
	if err != nil {
		t.Fatal(err)
	}
	file, frames := filepath.Join(dir, "panel.txt"), filepath.Join(dir, "frames")
	var out bytes.Buffer
	o := recordOptions{config: boardFile(t, "panel = \"ssd1306\"\nbus = \"I2C1\"\naddress = 0x3c\n"), file: file, hardware: b}
	if err := record(t.Context(), o, &out); err != nil {
		t.Fatal(err, out.String())
	}
	if err := replay(replayOptions{file, frames}, &out); err != nil || strings.Contains(out.String(), "datasheet") {
		t.Fatal(err, out.String())
	}
	g := display.Geometry{Width: 128, Height: 64, Name: deviceName, Language: "en"}
	for i, s := range shots(panel) {
		got := readPNG(t, filepath.Join(frames, fmt.Sprintf("%02d-%s.png", i+1, s.name)))
		if n := e2e.Differing(got, display.Render(s.screen, g)); n > 0 {
			t.Errorf("%s: %d wrong pixels", s.name, n)
		}
	}
	if err := record(t.Context(), o, &out); err == nil || !strings.Contains(err.Error(), "-o") {
		t.Errorf("a recording was written over: %v", err)
	}
}

func readPNG(t *testing.T, name string) image.Image {
	t.Helper()
	return e2e.Must(png.Decode(bytes.NewReader(e2e.Must(os.ReadFile(name))(t))))(t)
}

// TestRecordOfABrokenBoard: the recording of a panel that does not answer is written, and says what the bus said.
func TestRecordOfABrokenBoard(t *testing.T) {
	dir := t.TempDir()
	b, err := bench.New("sh1106", image.Pt(128, 64), 0)
	if err != nil {
		t.Fatal(err)
	}
	b.OLED.Unplug()
	var out bytes.Buffer
	file := filepath.Join(dir, "panel.txt")
	o := recordOptions{config: boardFile(t, "panel = \"sh1106\"\nbus = \"I2C1\"\naddress = 0x3c\n"), file: file, hardware: b}
	if err := record(t.Context(), o, &out); err == nil {
		t.Error("no error of a panel that does not answer")
	}
	if err := replay(replayOptions{file, filepath.Join(dir, "frames")}, &out); err != nil || !strings.Contains(out.String(), "no acknowledge") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestHostileRecordings: a recording may come from anywhere. Each error names the file and says what is wrong.
func TestHostileRecordings(t *testing.T) {
	const head = "panel ssd1306\nsize 128x64\n"
	huge := strings.Repeat("stream 00\n", 300_000)
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "no recording of a panel"},
		"cut off":       {head + "operation a\nstream ae\n", "cut off after line 4"},
		"cut in a line": {head + "operation a\nstream a", "line 4: encoding/hex: odd length"},
		"garbage":       {"\x7fELF\x02\x01\x01\x00\x00", "line 1: unknown line"},
		"a picture":     {"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "line 1: unknown line"},
		"a long line":   {head + strings.Repeat("a", 1<<20), "line 3: bufio.Scanner: token too long"},
		"many events":   {head + huge, "more than 200000 events"},
		"a bomb":        {head + "operation a\ndata\n\t999999999x ff*999999999\nend\n", "a recording has 16777216 bytes at most"},
		"data first":    {head + "\t1x ff\nend\n", "line 3: data of nothing"},
		"no number":     {head + "command\nend\n", "a command without its number"},
		"a path":        {head + "operation ../../etc/passwd\nend\n", "small letters"},
		"more":          {head + "end\nstream ae\n", "more after"},
		"no such panel": {"panel x\nsize 128x64\nend\n", "no model of a panel \"x\""},
		"no such size":  {"panel ssd1306\nsize 1x1\nend\n", "no model of a panel"},
		"asleep":        {"panel waveshare2in13v4\nsize 250x122\noperation a\nbusy\ncommand 10 01\nbusy\nend\n", "BUSY never ends"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "panel.txt")
			if err := os.WriteFile(file, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), []string{"replay", file, "-o", t.TempDir()}, &stdout, &stderr)
			if got := stderr.String(); code != exitFailed || !strings.Contains(got, c.want) || !strings.Contains(got, file) || strings.Count(got, "\n") != 1 {
				t.Errorf("exit %d: %s", code, got)
			}
		})
	}
}

// TestRecordFlags: the mistakes of a command line.
func TestRecordFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"record", "more"}, exitUsage, "unexpected"},
		{[]string{"record", "--board", "toaster"}, exitUsage, "list of boards"},
		{[]string{"record", "--config", "/nonexistent.toml"}, exitFailed, "/nonexistent.toml"},
		{[]string{"record", "--config", boardFile(t, "panel = \"none\"\n")}, exitFailed, "no wires to record"},
		{[]string{"replay"}, exitUsage, "give the file"},
		{[]string{"replay", "/nonexistent"}, exitFailed, "/nonexistent"},
		{[]string{"toast"}, exitUsage, "usage: pairlab COMMAND"},
		{nil, exitUsage, "usage: pairlab COMMAND"},
		{[]string{"record", "--help"}, exitDone, "-board"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), c.args, &stdout, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: exit %d: %s", c.args, code, stderr.String())
		}
	}
	for _, b := range hal.Boards() {
		if cfg, err := (recordOptions{board: b.Name}).load(); err != nil || cfg.Display.Board != b.Name {
			t.Errorf("%s: %v", b.Name, err)
		}
	}
}
