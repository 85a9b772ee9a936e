//go:build real

package survival

// kills is how often TestKilled kills the daemon.
const kills = 200
