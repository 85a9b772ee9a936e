package deviceauth

import (
	"bytes"

	"github.com/paird/paird/agent/internal/statedir"
)

// FileCache keeps metadata in the file metadata.json of a state directory. It is the Config.Cache of a daemon.
func FileCache(dir string) MetadataCache { return fileCache{dir} }

type fileCache struct{ dir string }

const cacheName = "metadata.json"

// Load refuses a file, or a folder, in which another account could have put its own metadata.
func (c fileCache) Load() ([]byte, error) {
	dir, err := statedir.Open(c.dir, nil)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.ReadFile(cacheName, bodyLimit)
}

// Save writes what has changed only: most servers say the same for years.
func (c fileCache) Save(body []byte) error {
	dir, err := statedir.Open(c.dir, nil)
	if err != nil {
		return err
	}
	defer dir.Close()
	if old, err := dir.ReadFile(cacheName, bodyLimit); err == nil && bytes.Equal(old, body) {
		return nil
	}
	return dir.WriteFile(cacheName, body)
}
