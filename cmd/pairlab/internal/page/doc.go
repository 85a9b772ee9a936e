// Package page is the lab's web page: the device's panel and the phone in frames, what to do next, what the servers do and
// the MQTT messages as they arrive, by server-sent events. All frames are of the page's own site.
//
// Read page.go, events.go, hub.go, then files/index.html and files/page.js.
package page
