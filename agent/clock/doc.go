// Package clock tells whether the time can be trusted.
package clock
