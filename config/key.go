package config

import (
	"image"
	"time"
)

// key is one line of the key table, bound to the field of one Config.
type key struct {
	name    string // with its sections: "auth.issuer"
	doc     string // one line for the example
	example string // TOML value of a required key in the example; "": the default stands there, commented out
	set     func(raw any) string
	text    func() string // the field's value as TOML
}

// value is what a key can hold.
type value interface {
	string | bool | int | float64 | time.Duration | image.Point | []string | map[string]string
}

// entry binds a key to its field and puts the default there. A check says what is wrong with a value
// and what to do, or nothing; it sees only what the file sets.
func entry[T value](name string, field *T, def T, doc string, checks ...func(T) string) key {
	*field = def
	return key{
		name: name,
		doc:  doc,
		text: func() string { return spell(*field) },
		set: func(raw any) string {
			var v T
			if wrong := assign(&v, raw); wrong != "" {
				return wrong
			}
			for _, check := range checks {
				if wrong := check(v); wrong != "" {
					return wrong
				}
			}
			*field = v
			return ""
		},
	}
}

// required marks a key that the example must show set.
func (k key) required(example string) key {
	k.example = spell(example)
	return k
}
