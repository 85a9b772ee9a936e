//go:build unix

package hostmetrics

import "golang.org/x/sys/unix"

type statfs = unix.Statfs_t

func ofFileSystem(path string, s *statfs) error { return unix.Statfs(path, s) }
