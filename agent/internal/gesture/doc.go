// Package gesture turns button edges into what the user means by them.
package gesture
