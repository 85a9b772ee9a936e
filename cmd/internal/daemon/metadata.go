package daemon

import (
	"os"
	"path/filepath"

	"github.com/paird/paird/config"
)

// metadata is metadata.json: what the server said of itself last, so that a refresh works when it does
// not say it now. It is worth no flush: a lost or torn file is asked for again.
type metadata struct{ path string }

func metadataFile(cfg config.Config) metadata {
	return metadata{filepath.Join(cfg.Device.StateDir, "metadata.json")}
}

func (m metadata) Load() ([]byte, error) { return os.ReadFile(m.path) }

func (m metadata) Save(b []byte) error {
	tmp := m.path + ".new"
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, m.path)
}
