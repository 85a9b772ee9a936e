// Package page is the one page of the lab: the device's panel and the phone in frames, what to do next,
// and the MQTT messages as they arrive, by server-sent events.
package page
