//go:build !unix

package hostmetrics

import "errors"

type statfs struct{ Blocks, Bfree, Bavail uint64 }

// ofFileSystem is unsupported: what has no source is left out.
func ofFileSystem(string, *statfs) error { return errors.ErrUnsupported }
