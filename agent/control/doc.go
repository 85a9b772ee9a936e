// Package control is the local API of the daemon: wire types, client and handler.
package control
