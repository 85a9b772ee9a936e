package telemetry

import (
	"slices"

	"github.com/paird/paird/agent/telemetry/internal/hostmetrics"
)

// Presets are the values of mqtt.preset.
func Presets() []string {
	return []string{"password-jwt", "username-token", "aws-custom-auth", "ws-bearer"}
}

// Commands are the values of mqtt.commands.
func Commands() []string { return slices.Clone(commands) }

// Metrics are the values of telemetry.metrics.
func Metrics() []string { return hostmetrics.Names() }
