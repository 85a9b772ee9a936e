// Package config reads paird.toml, and the files of the product and of the boot partition below it, into a Config and writes
// it back.
//
// It knows the keys: their types, their defaults and what the file itself can get wrong. What a value means is
// checked by the package that uses it, once: deviceauth checks an issuer, hal a bus, telemetry a broker, control a
// list of names. cmd/internal/daemon.Check asks them all. The lists of names that those packages know (panels,
// sensors, presets, languages) reach the example as Choices.
//
// In reading order: config.go (the Config), default.go, table.go (the key table), rule.go (checks of one value),
// value.go (TOML to Go and back), layer.go (the files that
// make one configuration), parse.go, require.go (keys that must be set), source.go (positions in the file),
// problem.go, print.go, example.go, files.go (the files that a configuration names),
// exposed.go (secrets in a file that every user may read).
package config
