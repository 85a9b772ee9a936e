package hooks

import (
	"errors"
	"path/filepath"
)

// Check says what is wrong with hooks.on_event, program and arguments; none is right.
func Check(command []string) error {
	if len(command) > 0 && !filepath.IsAbs(command[0]) {
		return errors.New("hooks.on_event: must begin with the full path of a program")
	}
	return nil
}
