package hal

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/paird/paird/hal/bustest"
)

// TestTableOfPanels holds the table in config/panels.md equal to the panels, the boards and the recordings.
func TestTableOfPanels(t *testing.T) {
	text, err := os.ReadFile("../config/panels.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := panelTable(t); !strings.Contains(string(text), "\n\n"+want+"\n") {
		t.Errorf("config/panels.md has another table; this is the program's:\n%s", want)
	}
}

// panelTable has a row for all panels that differ in colour only.
func panelTable(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| `panel` | controller, bus | pixels | colours | full refresh | checked against | `board` |\n|---|---|---|---|---|---|---|\n")
	panels := physicalPanels()
	for _, p := range panels {
		group := slices.DeleteFunc(slices.Clone(panels), func(o PanelInfo) bool { return family(o) != family(p) })
		if group[0].Name != p.Name {
			continue
		}
		by := func(p PanelInfo) string { return verified(t, p) }
		cells := []string{quoted(group), controller(p), pixels(p), either(group, colours), either(group, refreshes), either(group, by), presets(p)}
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	return b.String()
}

// family is what panels of one row share: Inkys of one kind all but the colour, other panels are rows of their own.
func family(p PanelInfo) string {
	if strings.HasPrefix(p.Name, "inky") {
		return fmt.Sprint(p.Controller, p.Sizes, strings.HasPrefix(p.Name, "inkywhat1683"))
	}
	return p.Name
}

// quoted are the names of a group.
func quoted(group []PanelInfo) string {
	var all []string
	for _, p := range group {
		all = append(all, "`"+p.Name+"`")
	}
	return strings.Join(all, ", ")
}

// either are the different values of a group, the least first.
func either(group []PanelInfo, of func(PanelInfo) string) string {
	var all []string
	for _, p := range group {
		all = append(all, of(p))
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return strings.Join(slices.Compact(all), " or ")
}

func controller(p PanelInfo) string {
	if p.Controller == "" {
		return "read from its EEPROM"
	}
	return p.Controller + ", " + p.Bus
}

func pixels(p PanelInfo) string {
	if p.Controller == "" {
		return "any of the above"
	}
	return sizes(p.Sizes...)
}

// colours is how many are drawn; some paper has more.
func colours(p PanelInfo) string {
	switch {
	case p.Controller == "":
		return ""
	case p.Accent:
		return "3"
	}
	return "2"
}

func refreshes(p PanelInfo) string {
	switch {
	case p.Controller == "":
		return ""
	case !p.Paper:
		return "at once"
	case p.Partial:
		return fmt.Sprintf("%.0f s; in part without flashing", p.Refresh.Seconds())
	}
	return fmt.Sprintf("%.0f s", p.Refresh.Seconds())
}

// verified names the vendor's driver with whose recorded traffic the tests compare each size of a panel.
func verified(t *testing.T, p PanelInfo) string {
	if p.Controller == "" {
		return ""
	}
	if p.Paper {
		return source(recording(t, p.Name))
	}
	var by []string
	for _, s := range p.Sizes {
		v := source(recording(t, fmt.Sprintf("%s-%dx%d", p.Name, s.X, s.Y)))
		switch {
		case slices.Contains(by, v):
		case len(by) > 0:
			by = append(by, sizes(s)+": "+v)
		default:
			by = append(by, v)
		}
	}
	return strings.Join(by, "; ")
}

func source(r bustest.Traffic) string {
	maker := map[string]string{"waveshareteam/e-Paper": "Waveshare e-Paper", "pimoroni/inky": "Pimoroni inky", "rm-hull/luma.oled": "luma.oled",
		"adafruit/Adafruit_CircuitPython_SSD1306": "Adafruit SSD1306"}
	return maker[r.Repository] + " " + r.Commit[:7]
}

// presets are the boards with a panel.
func presets(p PanelInfo) string {
	var all []string
	for _, b := range Boards() {
		switch base, old := strings.CutSuffix(b.Name, "-nopwr"); {
		case b.Panel != p.Name:
		case old && len(all) > 0 && strings.HasPrefix(all[len(all)-1], "`"+base+"`"):
			all[len(all)-1] += " (`-nopwr`)"
		default:
			all = append(all, "`"+b.Name+"`")
		}
	}
	return strings.Join(all, ", ")
}
