// Package config reads paird.toml into checked values; one table of keys gives defaults, errors, print and the example.
package config
