// Command paird makes a board that cannot type somebody's device: it pairs by RFC 8628, shows the user
// code on a small panel, keeps the grant and spends it on MQTT telemetry.
package main
