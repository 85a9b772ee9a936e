package main

import (
	"fmt"
	"net"
)

// loopback is where everything listens: one name, so that all pages are one site to the browser.
const loopback = "127.0.0.1"

// listenPage takes addr, or for "" the usual port and, if that is taken, any other.
func listenPage(addr string) (net.Listener, error) {
	if addr != "" {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, fmt.Errorf("%w; give another --listen", err)
		}
		return ln, nil
	}
	if ln, err := net.Listen("tcp", loopback+":8080"); err == nil {
		return ln, nil
	}
	return net.Listen("tcp", loopback+":0")
}

// freeAddress finds a port for a server that another part opens.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}
