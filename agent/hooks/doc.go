// Package hooks runs a program on each event, with a time limit.
package hooks
