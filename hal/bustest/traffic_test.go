package bustest

import (
	"image"
	"slices"
	"strings"
	"testing"
)

// TestEveryRecordingNamesItsSource: repository, commit and file of the vendor's driver, so that a recording can be made again.
func TestEveryRecordingNamesItsSource(t *testing.T) {
	files, err := recordings.ReadDir("testdata/vendor")
	if err != nil || len(files) < 30 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		r, err := ReadTraffic(strings.TrimSuffix(f.Name(), ".txt"))
		if err != nil {
			t.Error(err)
		}
		if r.Repository == "" || len(r.Commit) != 40 || !strings.HasSuffix(r.File, ".py") || r.Size == (image.Point{}) {
			t.Errorf("%s: %s %s %s %v", f.Name(), r.Repository, r.Commit, r.File, r.Size)
		}
		if len(r.Of("full")) == 0 {
			t.Errorf("%s: no full refresh", f.Name())
		}
	}
}

func TestParseTraffic(t *testing.T) {
	var r Traffic
	for _, line := range []string{"# a comment", "operation full", "reset 0", "sleep 20", "busy", "command 01 f9 00", "command 24", "\t2x ff*3 00", "\t1x 01"} {
		if err := r.parse(line); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	got := r.Of("full")
	if len(got) != 5 || got[1].Value != 20 || got[3].Value != 1 || string(got[3].Data) != "\xf9\x00" || string(got[4].Data) != "\xff\xff\xff\x00\xff\xff\xff\x00\x01" {
		t.Errorf("%+v", got)
	}
	for _, line := range []string{"nonsense", "command zz", "sleep long", "size big"} {
		if new(Traffic).parse(line) == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

func TestPaperSettings(t *testing.T) {
	events := []Event{
		{Kind: "command", Value: 0x3c, Data: []byte{9}}, // before the reset
		{Kind: "reset", Value: 1}, {Kind: "sleep", Value: 20}, {Kind: "reset", Value: 0}, {Kind: "sleep", Value: 2}, {Kind: "reset", Value: 1}, {Kind: "sleep", Value: 30},
		{Kind: "command", Value: 0x12}, {Kind: "command", Value: 0x21, Data: []byte{0, 0x80}}, {Kind: "command", Value: 0x24, Data: []byte{1}},
		{Kind: "command", Value: 0x32, Data: make([]byte, 70)}, {Kind: "command", Value: 0x20}, {Kind: "command", Value: 0x10, Data: []byte{1}},
	}
	want := []Setting{{"RES#", "20 2 30"}, {"12", ""}, {"21", "00 80"}, {"32", "70 bytes f07a8cd3"}}
	if got := PaperSettings(events); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestOLEDSettings(t *testing.T) {
	o := NewOLED(Glass{Chip: SSD1306, Size: image.Pt(128, 64)}, 0x3c, false)
	got := o.OLEDSettings([]Event{{Kind: "stream", Data: []byte{0xae, 0x81, 0xcf, 0x21, 0, 127, 0xa1, 0xc8, 0x40, 0xb3, 0x02}}, {Kind: "data", Data: []byte{0x81}}, {Kind: "stream", Data: []byte{0xaf}}})
	want := []Setting{{"81", "cf"}, {"a0", "01"}, {"c0", "08"}, {"40", "00"}, {"ae", "01"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCompare(t *testing.T) {
	vendor, ours := []Setting{{"01", "f9"}, {"12", ""}, {"3c", "05"}}, []Setting{{"12", ""}, {"3c", "01"}, {"18", "80"}}
	all := []Difference{{"01", "f9", "-", "why"}, {"3c", "05", "01", "why"}, {"18", "-", "80", "why"}}
	if wrong := Compare(vendor, ours, all); len(wrong) > 0 {
		t.Errorf("all is explained: %q", wrong)
	}
	for i := range all {
		if wrong := Compare(vendor, ours, slices.Delete(slices.Clone(all), i, i+1)); len(wrong) != 1 {
			t.Errorf("without %v: %q", all[i], wrong)
		}
	}
	if wrong := Compare(vendor, ours, append(slices.Clone(all), Difference{"12", "-", "", "gone"})); len(wrong) != 1 {
		t.Errorf("an explanation of nothing: %q", wrong)
	}
	all[0].Why = ""
	if wrong := Compare(vendor, ours, all); len(wrong) != 1 {
		t.Errorf("no reason: %q", wrong)
	}
}
