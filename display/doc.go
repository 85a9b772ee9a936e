// Package display draws what the device has to say: screens in, pictures out.
package display
