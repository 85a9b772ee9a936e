// Package sim is a board on a web page: a live panel, a button and an LED.
//
// The files in reading order: sim.go (panel and LED), button.go, serve.go (the HTTP handlers and who may ask), limit.go
// (connections), events.go (server-sent events), page.go and page.html (the page).
package sim
