package control

import (
	"strings"
	"testing"
)

func TestMatches(t *testing.T) {
	for _, test := range []struct {
		filter, topic string
		want          bool
	}{ // MQTT 3.1.1 section 4.7.1
		{"#", "a", true}, {"#", "a/b", true}, {"a/#", "a", true}, {"a/#", "a/b/c", true}, {"a/#", "b", false},
		{"+", "a", true}, {"+", "a/b", false}, {"a/+", "a/b", true}, {"a/+", "a", false}, {"+/b", "a/b", true},
		{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a", "a/b", false}, {"a/b", "a", false},
	} {
		if got := matches(test.filter, test.topic); got != test.want {
			t.Errorf("%s has %s: %v", test.filter, test.topic, got)
		}
	}
}

func TestOverlap(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"#", "a/b", true}, {"jobs/#", "jobs/+", true}, {"jobs/#", "jobs", true}, {"+/b", "a/+", true}, {"a/+", "b/+", false},
		{"a/b", "a/b", true}, {"a/b", "a/c", false}, {"a/+", "a/b/c", false},
	} {
		if got := overlap(strings.Split(test.a, "/"), strings.Split(test.b, "/")); got != test.want {
			t.Errorf("%s and %s: %v", test.a, test.b, got)
		}
		if got := overlap(strings.Split(test.b, "/"), strings.Split(test.a, "/")); got != test.want {
			t.Errorf("%s and %s: %v", test.b, test.a, got)
		}
	}
}

func TestCheckFilter(t *testing.T) {
	for filter, good := range map[string]bool{
		"#": true, "+": true, "a/+/b": true, "a/#": true, "a": true,
		"": false, "/a": false, "a/": false, "a//b": false, "#/a": false, "a#": false, "a+/b": false, "a\x00": false,
		strings.Repeat("a", maxTopic+1): false,
	} {
		if err := checkFilter(filter); (err == nil) != good {
			t.Errorf("%.20q: %v", filter, err)
		}
	}
}
