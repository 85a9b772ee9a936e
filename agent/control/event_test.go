package control

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// constants are the values of all constants of a type in event.go, with the comments above them.
func constants(t *testing.T, kind string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for n := range ast.Preorder(file) {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			continue
		}
		if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != kind {
			continue
		}
		value, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		found[value] = spec.Doc.Text() + spec.Comment.Text()
	}
	return found
}

// Each event has a row in the table of routes, a line of meaning, and its fields as JSON or "No fields".
func TestEveryEventIsRoutedAndDocumented(t *testing.T) {
	all := constants(t, "EventType")
	if len(all) != len(Routes()) {
		t.Errorf("%d events, %d routes", len(all), len(Routes()))
	}
	for value, doc := range all {
		route, ok := Routes()[EventType(value)]
		if !ok || route.Hook != Whole || route.Pair != Whole || route.Others == Whole {
			t.Errorf("%s: %+v", value, route)
		}
		documented := strings.Contains(doc, "No fields.")
		for line := range strings.Lines(doc) {
			if start := strings.IndexByte(line, '{'); start == 0 {
				first, _, _ := strings.Cut(line, " or {")
				documented = json.Valid([]byte(strings.TrimSpace(first)))
			}
		}
		if !documented {
			t.Errorf("%s: its fields are not documented: %q", value, doc)
		}
	}
	for _, local := range []EventType{EventPairing, EventRefreshed, EventOnline, EventOffline} {
		if Routes()[local].MQTT != Nothing {
			t.Errorf("%s is queued for the broker", local)
		}
	}
}

func TestProblemsAreListed(t *testing.T) {
	all := constants(t, "ProblemCode")
	if len(all) != len(Problems()) {
		t.Errorf("%d codes, %d listed", len(all), len(Problems()))
	}
	for value, doc := range all {
		if !slices.Contains(Problems(), ProblemCode(value)) || doc == "" {
			t.Errorf("%s is not listed, or has no meaning: %q", value, doc)
		}
	}
}

// The code, its addresses and the account go only to those who may pair.
func TestVisible(t *testing.T) {
	for _, tt := range []struct{ event, pair, others string }{
		{`{"type":"pairing","user_code":"C","verification_uri":"u","verification_uri_complete":"v","expires_in":600}`, "", `{"expires_in":600,"type":"pairing"}`},
		{`{"type":"paired","subject":"alice"}`, "", `{"type":"paired"}`},
		{`{"type":"online"}`, "", `{"type":"online"}`},
		{`{"type":"unknown"}`, "nothing", ""},
		{`no JSON`, "nothing", ""},
	} {
		want := tt.event
		if tt.pair == "nothing" {
			want = ""
		}
		if got := string(visible([]byte(tt.event), true)); got != want {
			t.Errorf("who may pair gets %q, want %q", got, want)
		}
		if got := string(visible([]byte(tt.event), false)); got != tt.others {
			t.Errorf("others get %q, want %q", got, tt.others)
		}
	}
}
