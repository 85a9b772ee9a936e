package hal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
)

// machineIDSalt keeps the machine-id itself from those who see the device's id, as machine-id(5) asks:
// "hash it with a cryptographic, keyed hash function using a fixed, application-specific key".
const machineIDSalt = "paird device id 1\x00"

// Identify returns a stable id of the board, [A-Za-z0-9_-]{1,64}, and its model in words, "" where the board
// does not say. The id is the serial number in the device tree, else a hash of the machine id, else a random
// one, which the caller must keep.
func Identify() (id, model string) {
	return identify("/")
}

func identify(root string) (id, model string) {
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return "" // a board without the file
		}
		return strings.TrimSpace(strings.TrimRight(string(b), "\x00"))
	}
	model = read("proc/device-tree/model")
	if serial := clean(read("proc/device-tree/serial-number")); strings.Trim(serial, "0") != "" {
		return serial, model
	}
	if m := read("etc/machine-id"); m != "" && m != "uninitialized" {
		sum := sha256.Sum256([]byte(machineIDSalt + m))
		return hex.EncodeToString(sum[:8]), model
	}
	return strings.ToLower(rand.Text()[:16]), model
}

// clean keeps what may stand in an id.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 64)]
}
