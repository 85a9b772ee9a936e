package control

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxTopic, in bytes, leaves room for mqtt.topic in front of the topic.
const maxTopic = 1024

// taken are the topics that paird itself uses below mqtt.topic.
var taken = []string{"telemetry", "status", "event", "cmd", "in", "about"}

// ValidTopic checks a topic relative to mqtt.topic that a local program wants to publish to. The error is an
// *Error with code bad_request.
func ValidTopic(topic string) error {
	if wrong := wrongTopic(topic); wrong != "" {
		return &Error{Code: BadRequest, Message: "topic " + wrong}
	}
	return nil
}

func wrongTopic(topic string) string {
	switch {
	case topic == "":
		return "is missing, name one such as door/open"
	case len(topic) > maxTopic:
		return "is longer than 1024 bytes, shorten it"
	case !utf8.ValidString(topic) || strings.ContainsFunc(topic, unicode.IsControl):
		return "has a control character or is no UTF-8"
	case strings.ContainsAny(topic, "+#"):
		return "has a wildcard (+ or #), name a single topic"
	case slices.Contains(strings.Split(topic, "/"), ""):
		return "has an empty level, write it without a leading, trailing or double /"
	case slices.Contains(taken, topic) || strings.HasPrefix(topic, "cmd/") || strings.HasPrefix(topic, "in/"):
		return topic + " belongs to paird, choose another name"
	}
	return ""
}
