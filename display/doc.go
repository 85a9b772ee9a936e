// Package display draws what the device has to say: screens in, pictures out.
//
// Render is a pure function of a Screen and a Geometry. Its layouts follow rules, not a list of panels,
// and hold from 96x32 to 400x300 pixels. A Presenter brings the latest screen to a panel.
package display

//go:generate go run ./internal/fontgen fonts
