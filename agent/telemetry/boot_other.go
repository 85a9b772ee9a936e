//go:build !linux

package telemetry

import "time"

// kernelBoot knows no boots outside Linux: a sample taken before the clock is set stays without a time.
func kernelBoot() (id string, up time.Duration) { return "", 0 }
