//go:build !race

package crashtest

const defaultStates = 20000
