//go:build unix

package seglog

import "golang.org/x/sys/unix"

// free is how many bytes the file system of dir can still take.
func free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
