// Command pairlab is the lab bench of paird: an authorization server, an MQTT broker and a device with a simulated panel
// in one program, on one web page.
//
// Read main.go and flags.go first; demo.go puts the parts together, device.go is paird itself, front.go serves all pages
// as one site, lan.go opens them to the network; guide.go decides what the page says to the person, follow.go and journal.go
// carry what happens to the page and the terminal. record.go records the wires of a real board's panel, replay.go shows a recording.
// fleet.go takes a fleet of devices through its scenarios.
package main
