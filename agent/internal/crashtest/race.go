//go:build race

package crashtest

const defaultStates = 2000
