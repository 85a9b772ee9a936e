// Package queue keeps readings and events until the broker has acknowledged them: bounded, in order, counted.
package queue
