// Command paird pairs a board that has no keyboard with its owner's account: it asks for a user code (RFC 8628),
// shows it on a small panel, keeps the grant and uses it for MQTT telemetry.
package main
