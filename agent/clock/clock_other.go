//go:build !linux

package clock

import "time"

// Other systems are computers of developers, which set their clocks themselves.
func kernelSynchronised() (bool, error) { return true, nil }

func sinceBoot() time.Duration { return time.Duration(time.Now().UnixNano()) }

func kernelBootID() string { return "" }
