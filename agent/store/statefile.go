package store

import "github.com/paird/paird/agent/internal/statedir"

const stateFileLimit = 1 << 20 // bytes

// ReadFile returns a small file of the daemon's in the state directory. It opens it as the store opens its own: another
// account's is an error, and so is a link.
func ReadFile(stateDir, name string) ([]byte, error) {
	dir, err := statedir.Open(stateDir, nil)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadFile(name, stateFileLimit)
}

// WriteFile replaces such a file durably, whole or not at all, and makes the directory if it is not there.
func WriteFile(stateDir, name string, data []byte) error {
	dir, err := statedir.Make(stateDir, nil)
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.WriteFile(name, data)
}
