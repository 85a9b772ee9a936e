// Package telemetry runs one MQTT session per call and drains the queue through it.
package telemetry
