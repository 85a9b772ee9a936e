// Package agent runs a paired device: one loop owns the grant, one the broker connection, one the user code.
package agent
